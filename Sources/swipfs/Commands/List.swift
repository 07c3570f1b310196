import ArgumentParser
import IPFSClient

/// `swipfs ls`.
struct ListCommand: NodeCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List directories: CID, size and name of each entry.",
    discussion: "Directories have a slash behind their names. MFS is listed by `swipfs files ls`.")

  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup var format: FormatOptions
  @OptionGroup var sizes: SizeOptions
  @Flag(name: .shortAndLong, help: "Show permissions and times, too, and where links point to.") var long = false
  @Flag(name: [.customShort("v"), .long], help: "Print a line that names the columns.") var headers = false
  @Flag(inversion: .prefixedNo, help: "Find out what entries are, for which each is read.") var resolveType = true
  @Flag(inversion: .prefixedNo, help: "Find out how large files are, for which each is read.") var size = true
  @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Print entries as they come; always so.") var stream = true
  @Argument(help: "CIDs or paths, as /ipfs/CID/a.") var paths: [String]

  func perform(_ session: Session) async throws {
    for (index, path) in paths.enumerated() {
      if paths.count > 1, !format.json {
        if index > 0 { try Output.line("") }
        try Output.line("\(path):")
      }
      if headers, !format.json { try Output.line(long ? "Mode       Size  Modified  Hash  Name" : "Hash Size Name") }
      let listings = session.client.ls(path, resolveType: resolveType, size: size, stream: true)
      for try await listing in listings {
        for link in listing.links { try show(link, of: path, session) }
      }
    }
  }

  private func show(_ link: Client.Link, of path: String, _ session: Session) throws {
    let cid = session.text(link.cid)
    let isDirectory = link.kind == .directory || link.kind == .shard
    let isLink = link.kind == .symbolicLink
    if format.json {
      var members: [(name: String, value: JSONField)] = [
        ("path", .text(path)), ("name", .text(link.name)), ("cid", .text(cid)), ("size", .unsigned(link.size)),
        ("type", .text(isDirectory ? "directory" : isLink ? "symlink" : "file")),
      ]
      if isLink { members.append(("target", .text(link.target))) }
      if let mode = link.mode { members.append(("mode", .text(String(mode.permissions, radix: 8)))) }
      if let mtime = link.mtime { members.append(("mtime", .number(mtime))) }
      return try Output.line(JSONField.object(members))
    }
    let name = link.name + (isDirectory ? "/" : "")
    let size = isDirectory ? "-" : sizes.text(link.size)
    guard long else { return try Output.line("\(cid) \(size) \(name)") }
    let mode = link.mode.map { Sizes.mode($0.permissions, kind: isDirectory ? "d" : isLink ? "l" : "-") } ?? "-"
    let time = link.mtime.map(Sizes.time) ?? "-"
    let columns = [Sizes.left(mode, 10), Sizes.right(size, 10), Sizes.left(time, 19), cid, name]
    try Output.line(columns.joined(separator: " ") + (isLink ? " -> \(link.target)" : ""))
  }
}

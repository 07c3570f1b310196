import ArgumentParser
import IPFSClient

/// `swipfs cat`.
struct CatCommand: NodeCommand {
  static let configuration = CommandConfiguration(commandName: "cat", abstract: "Print the content of files.")

  @OptionGroup(title: "Node") var node: NodeOptions
  @Option(name: .shortAndLong, help: "The first byte.") var offset: Int64 = 0
  @Option(name: .shortAndLong, help: "The most bytes.") var length: Int64?
  @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
  @Argument(help: "CIDs or paths, as /ipfs/CID/a.") var paths: [String]

  func perform(_ session: Session) async throws {
    let isShown = progress && Terminal.isWatched && !Output.isWatched
    var total: UInt64?
    if isShown { total = await session.size(of: paths, offset: offset, length: length) }
    let bar = Progress("reading", total: total, isShown: isShown)
    defer { bar.finish() }
    try await session.write(session.client.cat(paths, offset: offset, length: length), bar)
  }
}

extension Session {
  /// Writes bytes to standard output as they come.
  func write(_ bytes: ByteStream, _ bar: Progress? = nil) async throws {
    for try await chunk in bytes {
      try Output.write(chunk)
      bar?.advance(by: UInt64(chunk.count))
    }
  }

  /// How many bytes a progress bar has to reach; nil if that is not to be known.
  func size(of paths: [String], offset: Int64 = 0, length: Int64? = nil) async -> UInt64? {
    var sum: UInt64 = 0
    for path in paths {
      guard let stat = try? await client.files.stat(path.hasPrefix("/") ? path : "/ipfs/\(path)") else { return nil }
      sum += stat.kind == .directory ? stat.cumulativeSize : stat.size
    }
    let offset = UInt64(max(0, offset))
    let rest = sum > offset ? sum - offset : 0
    return length.map { min(rest, UInt64(max(0, $0))) } ?? rest
  }
}

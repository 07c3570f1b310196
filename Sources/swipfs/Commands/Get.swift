import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount

/// `swipfs get`.
struct GetCommand: NodeCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Save a file or directory, or an archive of it.")

  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup var format: FormatOptions
  @Option(
    name: .shortAndLong, help: "Where to; a directory that is there gets it inside. - prints an archive.",
    completion: .file())
  var output: String?
  @Flag(name: .shortAndLong, help: "Save a tar archive.") var archive = false
  @Flag(name: [.customShort("C"), .long], help: "Compress it by gzip.") var compress = false
  @Option(name: [.customShort("l"), .long], help: "How well, from 1 to 9.") var compressionLevel: Int?
  @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
  @Argument(help: "A CID or path, as /ipfs/CID/a.") var path: String

  func validate() throws {
    if let level = compressionLevel, !(1...9).contains(level) {
      throw ValidationError("--compression-level is from 1 to 9")
    }
  }

  func perform(_ session: Session) async throws {
    let isShown = progress && Terminal.isWatched
    var total: UInt64?
    if isShown, !compress { total = await session.size(of: [path]) }
    let bar = Progress("saving", total: total, isShown: isShown)
    defer { bar.finish() }
    let saved = archive || compress ? try await saveArchive(session, bar) : try await saveFiles(session, bar)
    bar.finish()
    guard let saved else { return }
    if format.json {
      try Output.line(["path": .text(saved), "bytes": .unsigned(bar.done)])
    } else {
      try Output.line("saved \(saved)")
    }
  }

  private var lastName: String { path.split(separator: "/").last.map(String.init) ?? path }

  private func saveFiles(_ session: Session, _ bar: Progress) async throws -> String? {
    guard output != "-" else { throw CommandError(.usage, "only an archive can be printed: use -a, or `swipfs cat`") }
    var directory = "."
    var name = lastName
    if let output {
      if output.hasSuffix("/") || isDirectory(output) {
        directory = output
      } else {
        let target = OutputFile.destination(of: output)
        let url = URL(filePath: target)
        name = url.lastPathComponent
        directory = target.contains("/") ? url.deletingLastPathComponent().path : "."
      }
    }
    let places = [output, "\(directory)/\(name)"].compactMap(\.self)
    if let place = places.first(where: { OutputFile.isSpecial($0) || OutputFile.isStandardOutput($0) }) {
      return try await saveContent(session, to: place, bar)
    }
    let saved = try await session.client.get(path, to: directory, name: name) { bytes in
      bar.set(done: UInt64(max(0, bytes)))
    }
    return saved.hasPrefix("./") ? String(saved.dropFirst(2)) : saved
  }

  /// Writes a file's bytes into a device, a pipe or standard output, whose place it must not take.
  private func saveContent(_ session: Session, to target: String, _ bar: Progress) async throws -> String? {
    do {
      return try await session.save(session.client.cat([path]), to: target, bar) ? target : nil
    } catch let error as ClientError where error.reason == .isADirectory {
      throw CommandError(.system, "\(target) takes the bytes of a file, and \(path) is a directory: save it elsewhere")
    }
  }

  private func saveArchive(_ session: Session, _ bar: Progress) async throws -> String? {
    let bytes = session.client.get(
      path, archive: archive, compress: compress, compressionLevel: compressionLevel)
    let ending = (archive ? ".tar" : "") + (compress ? ".gz" : "")
    var target = output ?? lastName + ending
    if target != "-", isDirectory(target) || target.hasSuffix("/") {
      target += (target.hasSuffix("/") ? "" : "/") + lastName + ending
    }
    return try await session.save(bytes, to: target, bar) ? target : nil
  }

  private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

import Foundation
import IPLD
import Multiformats
package import UnixFS

/// What `ipfs add` is to do: a query string such as `cid-version=0&chunker=size-262144&pin=false`.
package struct AddOptions: Sendable {
  /// How files and directories become DAGs.
  package let profile: ImportProfile
  /// Whether what was added is pinned.
  package let pins: Bool

  /// Reads options; those that are not named are the volume's.
  ///
  /// - Throws: `invalidArgument` for an option or a value that there is not.
  package init(query: some Collection<UInt8>, over base: ImportProfile) throws(FileSystemError) {
    var options = ImportOptions()
    var pins = true
    for pair in String(decoding: query, as: UTF8.self).split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = String(parts[0]).removingPercentEncoding,
        let value = parts.count == 2 ? String(parts[1]).removingPercentEncoding : "true"
      else { throw FileSystemError(.invalidArgument, "\(pair) is no option") }
      if name == "pin" {
        guard let isPinned = Bool(value) else { throw FileSystemError(.invalidArgument, "pin is true or false") }
        pins = isPinned
        continue
      }
      do {
        try options.set(name, to: value)
      } catch {
        throw FileSystemError(.invalidArgument, "\(name): \(error.message)")
      }
    }
    do {
      profile = try options.profile(over: base)
    } catch {
      throw FileSystemError(.invalidArgument, error.message)
    }
    self.pins = pins
  }
}

/// Makes DAGs of a file or of a whole tree with options of its own, as `ipfs add -r` does.
struct TreeAddition: Sendable {
  let fileSystem: FileSystem
  let profile: ImportProfile
  private static let bufferSize = 1 << 20

  private var volume: any Volume { fileSystem.volume }

  /// The DAG of a node. What is stored has to be pinned or linked while the caller's lease lasts.
  func add(_ inode: InodeNumber) async throws(FileSystemError) -> DAGRoot {
    let record = try await volume.record(of: inode)
    do {
      switch record.content {
      case .symlink(let target): return try await Symlink.store(target, profile: profile, to: volume)
      case .file: return try await addFile(inode)
      case .directory:
        var entries: [DirectoryEntry] = []
        for child in try await volume.children(of: inode) {
          // One that was removed meanwhile is left out.
          guard let node = try await volume.records(of: [child], in: inode).first else { continue }
          let root = try await add(child)
          entries.append(DirectoryEntry(name: node.name, cid: root.cid, tsize: root.tsize))
        }
        return try await DirectoryWriter(profile: profile, store: volume).build(entries).root
      }
    } catch {
      throw FileSystemError(error)
    }
  }

  private func addFile(_ inode: InodeNumber) async throws -> DAGRoot {
    let reader = try await FileReader(try await fileSystem.committedRoot(ofFile: inode), source: volume)
    var importer = Importer(profile: profile, sink: volume)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
    defer { buffer.deallocate() }
    var position: UInt64 = 0
    while true {
      let count = try await reader.read(at: position, into: buffer)
      guard count > 0 else { return try await importer.finish() }
      try await importer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      position += UInt64(count)
    }
  }
}

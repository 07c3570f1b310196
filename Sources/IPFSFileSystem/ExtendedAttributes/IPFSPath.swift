import IPLD
package import Multiformats
package import UnixFS

/// A path below a CID: `/ipfs/CID/a/b`, or without `/ipfs/` in front.
package struct IPFSPath: Sendable {
  /// Where it begins.
  package let root: CID
  /// The names on the way.
  package let names: [EntryName]

  /// Reads a path. Empty names, as in `CID//a` and `CID/a/`, are passed over.
  ///
  /// - Throws: `invalidArgument` where it names no CID, or goes up.
  package init(_ text: some Collection<UInt8>) throws(FileSystemError) {
    var parts = text.split(separator: 0x2F).map { EntryName(bytes: $0) }
    if text.first == 0x2F {
      guard parts.first == "ipfs" else { throw FileSystemError(.invalidArgument, "no path of IPFS") }
      parts.removeFirst()
    }
    guard let first = parts.first, let cid = try? CID(first.description) else {
      throw FileSystemError(.invalidArgument, "a path without a CID")
    }
    root = cid
    names = Array(parts.dropFirst())
    guard names.allSatisfy(\.isPresentable) else { throw FileSystemError(.invalidArgument, "a name that cannot be") }
  }

  /// What the path leads to. Symbolic links on the way are not followed.
  ///
  /// - Throws: `notFound` for what is not there, also where a block on the way is not on the volume; `notDirectory`;
  ///   `invalidArgument` for what is no UnixFS.
  package func resolve(in volume: any Volume) async throws(FileSystemError) -> NodeSummary {
    do {
      var cid = root
      for name in names {
        guard try await NodeSummary(volume.block(cid)).kind == .directory else { throw FileSystemError(.notDirectory) }
        guard let entry = try await DirectoryReader(source: volume).lookup(name, in: cid) else {
          throw FileSystemError(.notFound, "there is no \(name) in it", cid: cid)
        }
        cid = entry.cid
      }
      return try await volume.summary(of: cid)
    } catch {
      throw Self.error(error)
    }
  }

  /// The error of reading what somebody named: that it is missing is no damage.
  static func error(_ error: any Error) -> FileSystemError {
    let cause = (error as? UnixFSError)?.cause ?? error
    if let block = cause as? BlockError, block.code == .notFound {
      return FileSystemError(.notFound, block.message, cid: block.cid)
    }
    if let error = error as? UnixFSError, [.wrongKind, .unsupported].contains(error.code) {
      return FileSystemError(.invalidArgument, error.message, cid: error.cid)
    }
    return FileSystemError(error)
  }
}

extension Volume {
  /// What a root is. A raw block is not read.
  func summary(of cid: CID) async throws -> NodeSummary {
    guard cid.codec == .raw else { return try await NodeSummary(block(cid)) }
    return NodeSummary(rawLeaf: cid, size: UInt64(try await size(of: cid)))
  }
}

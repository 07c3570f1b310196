import Glibc
import IPLD
import MountTestSupport
import Multiformats
import UnixFS

/// Writes trees out to a folder, with this package's readers and nothing of a mount.
struct TreeWriter {
  /// Where the blocks are.
  let source: any BlockSource

  /// Makes `path` what a CID names: a file, a folder with all that is in it, or a link.
  func write(_ root: CID, to path: String) async throws {
    try await write(root, to: Array(path.utf8))
  }

  /// Paths are bytes: a name need not be UTF-8.
  private func write(_ cid: CID, to path: [UInt8]) async throws {
    let block = try await source.block(cid)
    let cPath = (path + [0]).map { CChar(bitPattern: $0) }
    guard cid.codec == .dagPB else { return try await writeFile(cid, to: cPath) }
    switch try UnixFSNode(decoding: DAGPBNode(decoding: block.data).data ?? []).kind {
    case .directory, .hamtShard:
      try check(mkdir(cPath, 0o755))
      for entry in try await DirectoryReader(source: source).list(cid) {
        try await write(entry.cid, to: path + [UInt8(ascii: "/")] + entry.name.bytes)
      }
    case .symlink:
      let target = try Symlink.target(of: block) + [0]
      try check(symlink(target.map { CChar(bitPattern: $0) }, cPath))
    default:
      try await writeFile(cid, to: cPath)
    }
  }

  private func writeFile(_ cid: CID, to path: [CChar]) async throws {
    let reader = try await FileReader(root: cid, source: source)
    let file = try check(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644))
    defer { close(file) }
    // A size that does not fit the chunks.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_000_003, alignment: 1)
    defer { buffer.deallocate() }
    var offset: UInt64 = 0
    while offset < reader.size {
      let count = try await reader.read(at: offset, into: buffer)
      guard count > 0 else { break }
      guard try check(Glibc.write(file, buffer.baseAddress, count)) == count else { throw SystemCallError(number: EIO) }
      offset += UInt64(count)
    }
  }
}

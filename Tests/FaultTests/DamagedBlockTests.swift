import Foundation
import Glibc
import MountTestSupport
import Testing

/// A block file that rotted costs the file that it is part of, and nothing else; and nobody sees wrong bytes.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct DamagedBlockTests {
  /// Flips a bit of the byte in the middle of the stored block that has these bytes, and makes the system read it from
  /// the disk. Returns the block's file.
  private func damage(_ block: [UInt8], in mount: Mount) throws -> String {
    let found = try Shell.run(
      "find \"$repo/blocks\" -name '*.data' -size \"-$((limit + 1))c\" -size \"+$((limit - 1))c\"",
      environment: mount.environment.merging(["limit": "\(block.count)"]) { $1 })
    let path = try #require(found.split(separator: "\n").map(String.init).first { try read($0) == block })
    let file = try File(path, O_RDWR)
    let middle = block.count / 2
    try file.write([block[middle] ^ 0x10], at: middle)
    try check(fsync(file.descriptor))
    try file.close()
    try Shell.run("echo 3 > /proc/sys/vm/drop_caches")
    return path
  }

  /// Of one page, of a few, and a leaf in the middle of a large file.
  @Test(arguments: [1000, 70_000, 3 << 20])
  func readingFails(size: Int) throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try mount.start()
      try check(mkdir("\(mount.path)/dir", 0o755))
      let path = "\(mount.path)/dir/damaged"
      let content = randomBytes(size, seed: UInt64(size))
      let others = [999, 50_000, 2 << 20].map { ("\(mount.path)/dir/other\($0)", randomBytes($0, seed: 5)) }
      try write(content, to: path)
      for (path, content) in others { try write(content, to: path) }
      let root = try cid(path)
      try mount.stop()

      let chunk = 1 << 20
      let leaf = size > chunk ? Array(content[chunk..<2 * chunk]) : content
      let block = try damage(leaf, in: mount)
      try mount.start()
      // The leaf's CID, as a file of these bytes has it; but putting them again would mend the block.
      let leafCID = try size > chunk ? nil : cid(path)
      #expect(leafCID == nil || leafCID == root)

      let offset = size > chunk ? chunk + chunk / 2 : size / 2
      for attempt in 1...2 {
        // Directly, so that it is one request to the file system.
        let file = try File(path, O_RDONLY | directly)
        defer { try? file.close() }
        let before = try mount.log().count
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
        defer { buffer.deallocate() }
        let page = offset / 4096 * 4096
        #expect(
          errorNumber { pread(file.descriptor, buffer.baseAddress, 4096, off_t(page)) } == EIO, "attempt \(attempt)")
        let lines = try mount.log().dropFirst(before)
        #expect(lines.count == 1, "attempt \(attempt): \(lines.joined(separator: "\n"))")
        #expect(lines.first?.contains("/dir/damaged") == true)
        let named = lines.first?.split(separator: " ").first { $0.hasPrefix("cid=bafk") }
        if size <= chunk { #expect(named == "cid=\(root)") } else { #expect(named != nil && named != "cid=\(root)") }
      }
      // A program gets the error too, however it reads.
      for program in [
        "cat \"$m/dir/damaged\"", "sha256sum \"$m/dir/damaged\"", "cp \"$m/dir/damaged\" \"$folder/out\"",
      ] {
        let outcome = try mount.outcome(of: program)
        #expect(outcome.code != 0 && outcome.errors.contains("Input/output error"), "\(outcome)")
      }
      // What lies before the damage is right, and all that is elsewhere.
      if size > chunk {
        #expect(try File(path, O_RDONLY).read(chunk / 2, at: 0) == Array(content[..<(chunk / 2)]))
        #expect(try File(path, O_RDONLY).read(chunk, at: 2 * chunk) == Array(content[(2 * chunk)...]))
      }
      for (path, content) in others { #expect(try read(path) == content) }
      try mount.stop()

      let verified = try mount.outcome(of: "\"$swipfs\" repo verify --repo \"$repo\"")
      #expect(verified.code == 4, "\(verified)")
      #expect(verified.output.contains("damaged"))
      #expect(verified.errors.split(separator: "\n").count == 1)

      // The right bytes, written again anywhere after the damage was seen, mend it.
      try mount.start()
      #expect(throws: SystemCallError(number: EIO)) { try read(path) }
      try write(content, to: "\(mount.path)/again")
      try mount.stop()
      #expect(try read(block) == leaf)
      try mount.verify()
      try mount.start()
      #expect(try read(path) == content)
      try mount.stop()
    }
  }
}

import Glibc
import MountTestSupport
import TestSupport
import Testing

/// A mount with import options gives the CIDs that `ipfs add` gives with them.
@Suite(.oneAtATime(minutes: 5), .serialized, .enabled(if: canMount))
struct ImportOptionTests {
  /// Options of `ipfs add` as those of a mount, with what Kubo takes where they say nothing.
  private static func mountOptions(_ options: [String: String]) -> [String] {
    let version = options["cid-version"] ?? (options["hash"] == nil ? "0" : "1")
    let defaults = [
      "chunker": "size-262144", "cid-version": version, "max-file-links": "174",
      "raw-leaves": version == "1" ? "true" : "false",
    ]
    return defaults.merging(options) { $1 }.map { "\($0)=\($1)" }.sorted()
  }

  @Test(arguments: [
    ["chunker": "size-100", "cid-version": "1"], ["chunker": "size-100", "max-file-links": "7"],
    ["cid-version": "1", "raw-leaves": "false"], ["chunker": "rabin"], ["chunker": "rabin-16384-65536-131072"],
    ["chunker": "buzhash"], ["chunker": "size-37", "trickle": "true"], ["hash": "blake3"],
    ["inline": "true", "inline-limit": "64", "cid-version": "1"],
  ])
  func goldenFiles(_ options: [String: String]) throws {
    // Of chunks of a few bytes, not too many.
    let longest = ["size-37", "size-100"].contains(options["chunker"]) ? 100_000 : 1 << 20
    let cases = try GoldenData.load().files.filter { $0.options == options && $0.length < longest + 1 }
    #expect(cases.count >= 5)
    try withMount(Self.mountOptions(options)) { mount in
      for golden in cases {
        let path = "\(mount.path)/\(golden.length)"
        let content = data(golden.length)
        try write(content, to: path)
        #expect(try cid(path) == golden.result.Hash, "\(golden.length) bytes")
        // In place, out of order, and back.
        guard content.count > 1 else { continue }
        let file = try File(path, O_RDWR)
        for offset in [content.count / 2, 0, content.count - 1] {
          try file.write([content[offset] ^ 1], at: offset)
          #expect(try cid(path) != golden.result.Hash)
          try file.write([content[offset]], at: offset)
        }
        try file.close()
        #expect(try cid(path) == golden.result.Hash, "\(golden.length) bytes, after changes")
      }
      try mount.remount()
      for golden in cases {
        #expect(try cid("\(mount.path)/\(golden.length)") == golden.result.Hash)
        #expect(try read("\(mount.path)/\(golden.length)") == data(golden.length))
      }
    }
  }
}

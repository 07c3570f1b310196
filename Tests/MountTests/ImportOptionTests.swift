import Glibc
import MountTestSupport
import TestSupport
import Testing

/// A mount with import options gives the CIDs that `ipfs add` gives with them.
@Suite(.oneAtATime(minutes: 5), .serialized, .enabled(if: canMount))
struct ImportOptionTests {
  /// Options of `ipfs add` as those of a mount, with what Kubo takes where they say nothing.
  private static func mountOptions(_ options: [String: String]) -> [String] {
    let version = options["cid-version"] ?? "0"
    let defaults = [
      "chunker": "size-262144", "cid-version": version, "raw-leaves": version == "1" ? "true" : "false",
      "max-file-links": "174",
    ]
    return defaults.merging(options) { $1 }.map { "\($0)=\($1)" }.sorted()
  }

  @Test(arguments: [
    ["chunker": "size-100", "cid-version": "1"], ["chunker": "size-100", "max-file-links": "7"],
    ["cid-version": "1", "raw-leaves": "false"],
  ])
  func goldenFiles(_ options: [String: String]) throws {
    let cases = try GoldenData.load().files.filter { $0.options == options && $0.length < 1 << 20 }
    #expect(cases.count >= 6)
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

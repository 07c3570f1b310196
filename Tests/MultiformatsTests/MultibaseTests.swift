import Multiformats
import TestSupport
import Testing

@Suite struct MultibaseTests {
  /// Vectors of the multibase specification.
  @Test(arguments: [
    ("yes mani !", "bpfsxgidnmfxgsibb"), ("yes mani !", "BPFSXGIDNMFXGSIBB"), ("yes mani !", "k2lcpzo5yikidynfl"),
    ("yes mani !", "K2LCPZO5YIKIDYNFL"), ("yes mani !", "z7paNL19xttacUY"), ("\0yes mani !", "bab4wk4zanvqw42jaee"),
    ("\0yes mani !", "k02lcpzo5yikidynfl"), ("\0yes mani !", "z17paNL19xttacUY"),
    ("\0\0yes mani !", "z117paNL19xttacUY"), ("", "b"), ("", "z"), ("\0", "z1"),
  ])
  func vectors(text: String, encoded: String) throws {
    let decoded = try Multibase.decode(encoded)
    #expect(decoded.bytes == Array(text.utf8))
    #expect(decoded.base.encode(decoded.bytes) == encoded)
  }

  @Test func bytesComeBackInEveryBase() throws {
    for length in 0..<70 {
      // Leading zeros are where number bases go wrong.
      for bytes in [data(length), Array(repeating: 0, count: length / 2) + data(length)] {
        for base in Multibase.all {
          let text = base.encode(bytes)
          let decoded = try Multibase.decode(text)
          #expect(decoded.base == base)
          #expect(decoded.bytes == bytes)
        }
      }
    }
  }

  @Test(
    arguments: [
      ("", .unknownBase), ("?abc", .unknownBase), ("bA", .invalidText), ("b1", .invalidText), ("z0", .invalidText),
      ("zé", .invalidText), ("kA", .invalidText), ("Ka", .invalidText), ("bpfsxgidnmfxgsibb=", .invalidText),
      // One, three or six digits are no number of whole bytes.
      ("ba", .invalidText), ("baaa", .invalidText), ("baaaaaa", .invalidText),
      // A bit is set behind the last byte.
      ("bab", .invalidText),
    ] as [(String, MultiformatsError.Code)])
  func refused(text: String, code: MultiformatsError.Code) {
    #expect { try Multibase.decode(text) } throws: { ($0 as? MultiformatsError)?.code == code }
  }

  @Test func textsThatWouldTakeLongAreRefused() {
    #expect { try Multibase.decode("z" + String(repeating: "2", count: 100_000)) } throws: {
      ($0 as? MultiformatsError)?.code == .invalidText
    }
  }
}

import Multiformats
import TestSupport
import Testing

@Suite struct MultibaseTests {
  /// Vectors of the multibase specification.
  @Test(arguments: [
    ("base2", "yes mani !", "001111001011001010111001100100000011011010110000101101110011010010010000000100001"),
    ("base8", "yes mani !", "7362625631006654133464440102"),
    ("base10", "yes mani !", "9573277761329450583662625"),
    ("base16", "yes mani !", "f796573206d616e692021"),
    ("base16upper", "yes mani !", "F796573206D616E692021"),
    ("base32", "yes mani !", "bpfsxgidnmfxgsibb"),
    ("base32upper", "yes mani !", "BPFSXGIDNMFXGSIBB"),
    ("base32hex", "yes mani !", "vf5in683dc5n6i811"),
    ("base32hexupper", "yes mani !", "VF5IN683DC5N6I811"),
    ("base32pad", "yes mani !", "cpfsxgidnmfxgsibb"),
    ("base32padupper", "yes mani !", "CPFSXGIDNMFXGSIBB"),
    ("base32hexpad", "yes mani !", "tf5in683dc5n6i811"),
    ("base32hexpadupper", "yes mani !", "TF5IN683DC5N6I811"),
    ("base32z", "yes mani !", "hxf1zgedpcfzg1ebb"),
    ("base36", "yes mani !", "k2lcpzo5yikidynfl"),
    ("base36upper", "yes mani !", "K2LCPZO5YIKIDYNFL"),
    ("base58flickr", "yes mani !", "Z7Pznk19XTTzBtx"),
    ("base58btc", "yes mani !", "z7paNL19xttacUY"),
    ("base64", "yes mani !", "meWVzIG1hbmkgIQ"),
    ("base64pad", "yes mani !", "MeWVzIG1hbmkgIQ=="),
    ("base64url", "yes mani !", "ueWVzIG1hbmkgIQ"),
    ("base64urlpad", "yes mani !", "UeWVzIG1hbmkgIQ=="),
    ("base256emoji", "yes mani !", "🚀🏃✋🌈😅🌷🤤😻🌟😅👏"),
    (
      "base2", "\0yes mani !",
      "00000000001111001011001010111001100100000011011010110000101101110011010010010000000100001"
    ),
    ("base8", "\0yes mani !", "7000745453462015530267151100204"),
    ("base10", "\0yes mani !", "90573277761329450583662625"),
    ("base16", "\0yes mani !", "f00796573206d616e692021"),
    ("base16upper", "\0yes mani !", "F00796573206D616E692021"),
    ("base32", "\0yes mani !", "bab4wk4zanvqw42jaee"),
    ("base32upper", "\0yes mani !", "BAB4WK4ZANVQW42JAEE"),
    ("base32hex", "\0yes mani !", "v01smasp0dlgmsq9044"),
    ("base32hexupper", "\0yes mani !", "V01SMASP0DLGMSQ9044"),
    ("base32pad", "\0yes mani !", "cab4wk4zanvqw42jaee======"),
    ("base32padupper", "\0yes mani !", "CAB4WK4ZANVQW42JAEE======"),
    ("base32hexpad", "\0yes mani !", "t01smasp0dlgmsq9044======"),
    ("base32hexpadupper", "\0yes mani !", "T01SMASP0DLGMSQ9044======"),
    ("base32z", "\0yes mani !", "hybhskh3ypiosh4jyrr"),
    ("base36", "\0yes mani !", "k02lcpzo5yikidynfl"),
    ("base36upper", "\0yes mani !", "K02LCPZO5YIKIDYNFL"),
    ("base58flickr", "\0yes mani !", "Z17Pznk19XTTzBtx"),
    ("base58btc", "\0yes mani !", "z17paNL19xttacUY"),
    ("base64", "\0yes mani !", "mAHllcyBtYW5pICE"),
    ("base64pad", "\0yes mani !", "MAHllcyBtYW5pICE="),
    ("base64url", "\0yes mani !", "uAHllcyBtYW5pICE"),
    ("base64urlpad", "\0yes mani !", "UAHllcyBtYW5pICE="),
    ("base256emoji", "\0yes mani !", "🚀🚀🏃✋🌈😅🌷🤤😻🌟😅👏"),
    (
      "base2", "\0\0yes mani !",
      "0000000000000000001111001011001010111001100100000011011010110000101101110011010010010000000100001"
    ),
    ("base8", "\0\0yes mani !", "700000171312714403326055632220041"),
    ("base10", "\0\0yes mani !", "900573277761329450583662625"),
    ("base16", "\0\0yes mani !", "f0000796573206d616e692021"),
    ("base16upper", "\0\0yes mani !", "F0000796573206D616E692021"),
    ("base32", "\0\0yes mani !", "baaahszltebwwc3tjeaqq"),
    ("base32upper", "\0\0yes mani !", "BAAAHSZLTEBWWC3TJEAQQ"),
    ("base32hex", "\0\0yes mani !", "v0007ipbj41mm2rj940gg"),
    ("base32hexupper", "\0\0yes mani !", "V0007IPBJ41MM2RJ940GG"),
    ("base32pad", "\0\0yes mani !", "caaahszltebwwc3tjeaqq===="),
    ("base32padupper", "\0\0yes mani !", "CAAAHSZLTEBWWC3TJEAQQ===="),
    ("base32hexpad", "\0\0yes mani !", "t0007ipbj41mm2rj940gg===="),
    ("base32hexpadupper", "\0\0yes mani !", "T0007IPBJ41MM2RJ940GG===="),
    ("base32z", "\0\0yes mani !", "hyyy813murbssn5ujryoo"),
    ("base36", "\0\0yes mani !", "k002lcpzo5yikidynfl"),
    ("base36upper", "\0\0yes mani !", "K002LCPZO5YIKIDYNFL"),
    ("base58flickr", "\0\0yes mani !", "Z117Pznk19XTTzBtx"),
    ("base58btc", "\0\0yes mani !", "z117paNL19xttacUY"),
    ("base64", "\0\0yes mani !", "mAAB5ZXMgbWFuaSAh"),
    ("base64pad", "\0\0yes mani !", "MAAB5ZXMgbWFuaSAh"),
    ("base64url", "\0\0yes mani !", "uAAB5ZXMgbWFuaSAh"),
    ("base64urlpad", "\0\0yes mani !", "UAAB5ZXMgbWFuaSAh"),
    ("base256emoji", "\0\0yes mani !", "🚀🚀🚀🏃✋🌈😅🌷🤤😻🌟😅👏"),
    ("base32", "", "b"), ("base58btc", "", "z"), ("base58btc", "\0", "z1"), ("base64pad", "", "M"),
    ("base256emoji", "", "🚀"), ("identity", "yes mani !", "\0yes mani !"),
  ])
  func vectors(name: String, text: String, encoded: String) throws {
    let decoded = try Multibase.decode(encoded)
    #expect(decoded.bytes == Array(text.utf8))
    #expect(decoded.base.name == name)
    #expect(decoded.base.encode(decoded.bytes) == encoded)
  }

  /// What Kubo answers to `multibase/list`.
  @Test(arguments: [
    (86, "base32hexupper"), (90, "base58flickr"), (117, "base64url"), (128640, "base256emoji"), (0, "identity"),
    (118, "base32hex"), (84, "base32hexpadupper"), (77, "base64pad"), (85, "base64urlpad"), (102, "base16"),
    (99, "base32pad"), (67, "base32padupper"), (116, "base32hexpad"), (107, "base36"), (122, "base58btc"),
    (70, "base16upper"), (98, "base32"), (66, "base32upper"), (75, "base36upper"), (109, "base64"), (48, "base2"),
  ])
  func kuboHasIt(code: UInt32, name: String) throws {
    let base = try #require(Multibase(name: name))
    #expect(base.prefix.value == code)
    #expect(Multibase(prefix: base.prefix) == base)
  }

  @Test func otherNamesAreNone() {
    #expect(Multibase(name: "base45") == nil)
    #expect(Multibase(name: "") == nil)
    #expect(Set(Multibase.all.map(\.name)).count == Multibase.all.count)
    #expect(Set(Multibase.all).count == Multibase.all.count)
  }

  @Test func bytesComeBackInEveryBase() throws {
    for length in 0..<70 {
      // Leading zeros are where number bases go wrong.
      for bytes in [data(length), Array(repeating: 0, count: length / 2) + data(length)] {
        // Not all bytes are a text as they are.
        for base in Multibase.all where base != .identity {
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
      ("bab", .invalidText), ("mAB", .invalidText), ("701", .invalidText),
      // Padding that is missing, too much, within, or not of the base.
      ("MeQ", .invalidText), ("MeQ=", .invalidText), ("MeQ===", .invalidText),
      ("Me=Q=", .invalidText), ("M====", .invalidText), ("meQ==", .invalidText), ("cmy", .invalidText),
      ("cmy======a", .invalidText), ("c========", .invalidText), ("bmy======", .invalidText),
      // The other case, and characters of neighbouring alphabets.
      ("fAB", .invalidText), ("Fab", .invalidText), ("f1", .invalidText), ("u+/", .invalidText), ("m-_", .invalidText),
      ("02", .invalidText), ("00101", .invalidText), ("78", .invalidText), ("9a", .invalidText), ("vw", .invalidText),
      ("h0", .invalidText), ("🚀a", .invalidText), ("🚀🚀\u{FE0F}", .invalidText), ("🪐", .unknownBase),
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

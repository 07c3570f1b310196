import IPLD
import Multiformats
import TestSupport
import Testing

@Suite struct DAGJSONTests {
  private static let cid = DAGCBORTests.cid

  static let values: [(IPLDValue, String)] = [
    (.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.integer(0), "0"), (.integer(-7), "-7"),
    (.integer(Int128(Int64.min)), "-9223372036854775808"), (.integer(Int128(UInt64.max)), "18446744073709551615"),
    (.float(1.5), "1.5"), (.float(1), "1.0"), (.float(0), "0.0"), (.float(-0.0), "-0.0"), (.float(0.1), "0.1"),
    (.float(1e20), "100000000000000000000.0"), (.float(1e21), "1e+21"), (.float(-1.25e300), "-1.25e+300"),
    (.float(0.000001), "0.000001"), (.float(0.00000123), "0.00000123"), (.float(1e-7), "1e-7"),
    (.float(.leastNonzeroMagnitude), "5e-324"),
    (.float(123456789012345680), "123456789012345680.0"), (.float(123.456), "123.456"),
    (.float(9_007_199_254_740_992), "9007199254740992.0"),
    (.string(""), "\"\""), (.string("é🚀/"), "\"é🚀/\""),
    (.string("\"\\\n\r\t\u{8}\u{0}\u{1F}\u{7F}"), #""\"\\\n\r\t\u0008\u0000\u001f\#u{7F}""#),
    (.string("\u{2028}"), #""\u2028""#), (.bytes([]), #"{"/":{"bytes":""}}"#),
    (.bytes(Array("hi".utf8)), #"{"/":{"bytes":"aGk"}}"#),
    (.list([]), "[]"), (.list([.integer(1), .null]), "[1,null]"), (.map([:]), "{}"),
    (.map(["b": .integer(2), "a": .integer(1), "aa": .null, "B": .null]), #"{"B":null,"a":1,"aa":null,"b":2}"#),
    (.link(cid), #"{"/":"\#(cid)"}"#), (.map(["/": .link(cid)]), #"{"/":{"/":"\#(cid)"}}"#),
    (.map(["/": .integer(1), "a": .null]), #"{"/":1,"a":null}"#),
    (.map(["/": .bytes([])]), #"{"/":{"/":{"bytes":""}}}"#),
    (.map(["/": .map(["a": .null])]), #"{"/":{"a":null}}"#),
    (.map(["/": .map(["bytes": .integer(1)])]), #"{"/":{"bytes":1}}"#),
  ]

  @Test(arguments: values.indices)
  func encodings(index: Int) throws {
    let (value, text) = Self.values[index]
    #expect(String(decoding: try DAGJSON.encode(value), as: UTF8.self) == text)
    #expect(try DAGJSON.decode(Array(text.utf8), form: .canonical) == value)
  }

  /// As people write it.
  @Test(arguments: [
    (" {\t\"b\" : 2 ,\r\n\"a\":[ 1 , 2 ] } ", #"{"a":[1,2],"b":2}"#),
    (#""\u00e9\ud83d\ude80\/\b\f""#, "\"é🚀/\\u0008\\u000c\""),
    ("-0", "0"), ("1E2", "100.0"), ("1e-2", "0.01"), ("1.50", "1.5"), ("100000000000000000000.0e1", "1e+21"),
    ("[ ]", "[]"), ("{ }", "{}"),
    (#"{ "/" : { "bytes" : "aGk" } }"#, #"{"/":{"bytes":"aGk"}}"#),
  ])
  func otherForms(text: String, canonical: String) throws {
    #expect(String(decoding: try DAGJSON.encode(DAGJSON.decode(Array(text.utf8))), as: UTF8.self) == canonical)
    #expect { try DAGJSON.decode(Array(text.utf8), form: .canonical) } throws: {
      ($0 as? IPLDError)?.code == .notCanonical
    }
  }

  @Test(
    arguments: [
      ("", .truncated), (" ", .truncated), ("nul", .truncated), ("nulL", .invalidSyntax), ("null null", .trailingBytes),
      ("[1", .truncated), ("[1,", .truncated), ("[1,]", .invalidSyntax), ("[,1]", .invalidSyntax),
      ("[1 2]", .invalidSyntax),
      ("{", .truncated), (#"{"a""#, .truncated), (#"{"a"}"#, .invalidSyntax), (#"{"a":"#, .truncated),
      (#"{"a":1,}"#, .invalidSyntax),
      ("{a:1}", .invalidSyntax),
      ("{1:1}", .invalidSyntax), (#"{"a":1 "b":2}"#, .invalidSyntax), (#"{"a":1,"a":1}"#, .duplicateKey),
      ("01", .trailingBytes), ("-", .truncated), ("+1", .invalidSyntax), (".5", .invalidSyntax), ("1.", .truncated),
      ("1e", .truncated),
      ("1.e1", .invalidSyntax), ("NaN", .invalidSyntax), ("Infinity", .invalidSyntax), ("0x10", .trailingBytes),
      ("1e400", .invalidNumber), ("18446744073709551616", .invalidNumber), ("-9223372036854775809", .invalidNumber),
      ("1" + String(repeating: "0", count: 1000), .invalidNumber),
      ("\"a", .truncated), ("\"\n\"", .invalidSyntax), (#""\x""#, .invalidSyntax), (#""\u12""#, .invalidSyntax),
      (#""\ud800""#, .invalidSyntax),
      (#""\ud800\u0041""#, .invalidText), (#""\udc00""#, .invalidText), ("\u{FEFF}1", .invalidSyntax),
      ("//", .invalidSyntax),
      (#"{"/":"nonsense"}"#, .invalidLink), (#"{"/":""}"#, .invalidLink), (#"{"/":"\#(cid)","a":1}"#, .reservedForm),
      (#"{"/":{"bytes":"aGk="}}"#, .reservedForm), (#"{"/":{"bytes":"a"}}"#, .reservedForm),
      (#"{"/":{"bytes":"aGl"}}"#, .reservedForm),
      (#"{"/":{"bytes":"aGk","a":1}}"#, .reservedForm), (#"{"/":{"bytes":"aGk"},"a":1}"#, .reservedForm),
      (String(repeating: "[", count: 513) + String(repeating: "]", count: 513), .tooDeep),
      (String(repeating: "[", count: 1_000_000), .tooDeep),
    ] as [(String, IPLDError.Code)])
  func refused(text: String, code: IPLDError.Code) {
    #expect { try DAGJSON.decode(Array(text.utf8)) } throws: { ($0 as? IPLDError)?.code == code }
  }

  @Test func bytesThatAreNoText() {
    for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22]]
      as [[UInt8]]
    {
      #expect { try DAGJSON.decode(bytes) } throws: { ($0 as? IPLDError)?.code == .invalidText }
    }
  }

  @Test(
    arguments: [
      ["/": .string("a")], ["/": .map(["bytes": .string("a")])], ["/": .string("a"), "b": .null],
      ["/": .map(["bytes": .string("a"), "c": .null])],
    ] as [IPLDMap])
  func mapsThatWouldBeReadAsSomethingElse(map: IPLDMap) throws {
    #expect { try DAGJSON.encode(.map(map)) } throws: { ($0 as? IPLDError)?.code == .reservedForm }
    #expect(try DAGCBOR.decode(DAGCBOR.encode(.map(map))) == .map(map))
  }
}

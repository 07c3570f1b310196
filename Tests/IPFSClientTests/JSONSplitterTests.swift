import IPFSClient
import Testing

/// Values are found wherever chunks are cut.
struct JSONSplitterTests {
  private static let texts = [
    #"{"a":1}"#, #"{"b":"}\"{","c":[{"d":"\\"}]}"#, #"["x",["y"],{}]"#, #""text with \" and }""#, "12.5e3", "true",
    "null", "{}", #""""#,
  ]

  private func split(_ text: String, every size: Int) throws -> [String] {
    var splitter = JSONSplitter()
    var values: [String] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      splitter.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
      while let value = try splitter.next() { values.append(String(decoding: value, as: UTF8.self)) }
    }
    splitter.finish()
    while let value = try splitter.next() { values.append(String(decoding: value, as: UTF8.self)) }
    return values
  }

  @Test(arguments: 1...40) func findsValuesInChunksOfAnySize(_ size: Int) throws {
    #expect(try split(Self.texts.joined(separator: "\n"), every: size) == Self.texts)
    #expect(try split(" \r\n" + Self.texts.joined(separator: " \t ") + "\n", every: size) == Self.texts)
  }

  @Test func findsValuesWithNothingBetween() throws {
    #expect(
      try split(#"{"a":1}{"b":2}["c"]"d"1{}"#, every: 3) == [#"{"a":1}"#, #"{"b":2}"#, #"["c"]"#, #""d""#, "1", "{}"])
  }

  @Test func givesWhatWasCutToTheDecoder() throws {
    #expect(try split(#"{"a":1}{"b":"#, every: 4) == [#"{"a":1}"#, #"{"b":"#])
    #expect(try split("", every: 1) == [])
    #expect(try split(" \n ", every: 1) == [])
  }
}

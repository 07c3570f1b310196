import Foundation
import Testing

/// Whether these tests call every method that the client has.
struct CompletenessTests {
  /// Methods that can be asked of no daemon at all, each with the reason.
  private static let exceptions: [String: String] = [:]

  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
  private static let root = tests.deletingLastPathComponent().deletingLastPathComponent()

  private static func sources(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: folder.resolvingSymlinksInPath(), includingPropertiesForKeys: nil
    )
    .filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }
  }

  /// Every public method of the client and its sections, as a call begins: `client.pin.remote.add`.
  private static func methods() throws -> Set<String> {
    let client = root.appending(path: "Sources/IPFSClient").resolvingSymlinksInPath()
    let sources = try sources(in: client) + sources(in: client.appending(path: "Commands"))
    // What a section is called by: `public var cid: CIDTools { CIDTools(client: self) }`.
    var sections: [Substring: Substring] = ["Client": "client"]
    for source in sources {
      for match in source.matches(of: /public var (\w+): (\w+) \{ \w+\(client: (?:self|client)\) \}/) {
        sections[match.2] = match.1
      }
    }
    var methods: Set<String> = []
    for source in sources {
      var type: [Substring]?
      for line in source.split(separator: "\n") {
        if let match = line.firstMatch(
          of: /^(?:public )?(?:extension|final class) (Client(?:\.\w+)*)(?:: [\w: ,]+)? \{/)
        {
          type = match.1.split(separator: ".")
        } else if !line.hasPrefix(" ") {
          type = nil
        } else if let type, let match = line.firstMatch(of: /^  public (static )?func `?(\w+)`?[(<]/),
          !line.contains("encode(to ")
        {
          // Types that are no sections have no methods of their own.
          let path = try type.map { try #require(sections[$0], "\(line)") }.joined(separator: ".")
          let name = match.1 == nil ? path : "Client"
          methods.insert(match.2 == "callAsFunction" ? path : "\(name).\(match.2)")
        }
      }
    }
    return methods
  }

  /// The methods in docs/RPC-COVERAGE.md, as a call begins.
  private static func documentedMethods() throws -> Set<String> {
    let table = try String(contentsOf: root.appending(path: "docs/RPC-COVERAGE.md"), encoding: .utf8)
    let names = [
      "CIDTools": "cid", "MultibaseTools": "multibase", "P2P": "p2p", "Streams": "stream", "Requests": "cmds",
      "Client": "client",
    ]
    var methods: Set<String> = []
    for line in table.split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
      // What stands in parentheses says something about a method, but for those of a call.
      let cell = cells[2].replacing(/\ \([^)]*\)/, with: "")
      // `Pin.add`, `addWithProgress`: the section counts for the names that follow.
      var section: [String] = []
      for match in cell.matches(of: /`([^`(]+)[^`]*`/) {
        var parts = match.1.split(separator: ".").map(String.init)
        if parts.count > 1 { section = parts.dropLast().map { names[$0] ?? $0.lowercased() } }
        parts = section + [parts[parts.count - 1]]
        methods.insert((parts.first == "client" ? parts : ["client"] + parts).joined(separator: "."))
      }
    }
    return methods
  }

  @Test func everyMethodIsAskedOfADaemon() throws {
    let methods = try Self.methods()
    #expect(methods.count > 150)
    // Without comments and layout.
    let tests = try Self.sources(in: Self.tests).map {
      $0.replacing(/\/\/[^\n]*/, with: "").filter { !$0.isWhitespace }
    }.joined()
    let missing = methods.filter { !tests.contains("\($0)(") && !tests.contains("\($0){") }
    #expect(missing.subtracting(Self.exceptions.keys).sorted() == [])
    // None is on the list without need, or without being there.
    #expect(Set(Self.exceptions.keys).subtracting(missing).sorted() == [])
  }

  @Test func everyDocumentedMethodIsThere() throws {
    let documented = try Self.documentedMethods()
    #expect(documented.count > 150)
    let unknown = documented.subtracting(try Self.methods()).sorted()
    #expect(unknown == [])
  }
}

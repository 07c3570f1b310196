import Foundation
import RPCTestSupport
import Testing

/// What the documents of the client say, against its source and the recorded exchanges.
struct DocumentationTests {
  /// A row of docs/RPC-COVERAGE.md.
  private struct Row {
    let command: String
    let options: Set<String>
    let result: Set<String>
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func rows() throws -> [Row] {
    let table = try String(contentsOf: root.appending(path: "docs/RPC-COVERAGE.md"), encoding: .utf8)
    return table.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      func words(_ cell: String) -> Set<String> {
        // What follows a name says something about it.
        Set(cell.split(separator: ",").compactMap { $0.split(separator: " ").first.map(String.init) })
      }
      return Row(
        command: cells[0].trimmingCharacters(in: ["`"]), options: words(cells[2]), result: words(cells[3]))
    }
  }

  private static func sources(of folder: String) throws -> [String] {
    let enumerator = FileManager.default.enumerator(
      at: root.appending(path: folder).resolvingSymlinksInPath(), includingPropertiesForKeys: nil)
    let files = try #require(enumerator).compactMap { $0 as? URL }
    return try files.filter { ["swift", "md"].contains($0.pathExtension) }.map {
      try String(contentsOf: $0, encoding: .utf8)
    }
  }

  /// The commands in the source, each with the options that are set where it is made.
  private static func commands() throws -> [String: Set<String>] {
    var commands: [String: Set<String>] = [:]
    for source in try sources(of: "Sources/IPFSClient/Commands") {
      for statement in source.components(separatedBy: "Command(\"").dropFirst() {
        let name = String(statement.prefix { $0 != "\"" })
        // Up to the end of the method.
        let body = statement.components(separatedBy: "\n  }")[0]
        let options = body.matches(of: /\.option\(\s*"([^"]+)"/).map { String($0.1) }
        commands[name, default: []].formUnion(options)
      }
    }
    return commands
  }

  @Test func everyCommandHasARowWithItsOptions() throws {
    let rows = try Self.rows()
    let commands = try Self.commands()
    #expect(Set(rows.map(\.command)).count == rows.count)
    #expect(rows.map(\.command).sorted() == commands.keys.sorted())
    #expect(rows.map(\.command) == rows.map(\.command).sorted())
    for row in rows {
      #expect(row.options == commands[row.command], "options of \(row.command)")
    }
  }

  /// An option that neither a recorded exchange nor a case of OptionTests has could have any name.
  @Test func everyOptionIsTested() throws {
    var tested: [String: Set<String>] = [:]
    for exchange in try ReplayServer.load() {
      tested[exchange.request.command, default: []].formUnion(exchange.request.query.compactMap(\.first))
    }
    for request in OptionTests.cases.flatMap(\.requests) {
      let parts = request.split { "?&".contains($0) }
      tested[String(parts[0]), default: []].formUnion(parts.dropFirst().map { String($0.prefix { $0 != "=" }) })
    }
    for row in try Self.rows() {
      #expect(row.options.subtracting(tested[row.command] ?? []).sorted() == [], "\(row.command)")
    }
  }

  /// Fields of recorded replies that the table leaves out would be fields that the client drops.
  @Test func everyRecordedFieldIsInTheTable() throws {
    let rows = Dictionary(try Self.rows().map { ($0.command, $0.result) }) { first, _ in first }
    for exchange in try ReplayServer.load() where exchange.response.status == 200 {
      guard let result = rows[exchange.request.command], !result.contains("bytes"), !result.contains("any"),
        let body = exchange.response.body.bytes
      else { continue }
      for line in body.split(separator: UInt8(ascii: "\n")) {
        let value = try JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed)
        let missing = Self.fields(value).subtracting(result)
        #expect(missing.isEmpty, "\(exchange.request.command), \(exchange.name)")
      }
    }
  }

  /// The names of all fields with a value that is neither an object nor a list.
  private static func fields(_ value: Any) -> Set<String> {
    switch value {
    case let object as [String: Any]:
      object.reduce(into: []) { names, field in
        if field.value is [String: Any] || field.value is [Any] {
          names.formUnion(fields(field.value))
        } else if !(field.value is NSNull) {
          names.insert(field.key)
        }
      }
    case let list as [Any]: list.reduce(into: []) { $0.formUnion(fields($1)) }
    default: []
    }
  }

  /// What documents show is in Examples.swift, line for line, where the compiler sees it.
  @Test func everyExampleCompiles() throws {
    func lines(_ text: String) -> [String] {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
    let examples = try lines(
      String(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Examples.swift"),
        encoding: .utf8)
    ).joined(separator: "\n")
    var count = 0
    let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
    for source in try Self.sources(of: "Sources/IPFSClient") + [readme] {
      let text = source.replacing(/(?m)^ *\/\/\/ ?/, with: "")
      for block in text.matches(of: /```swift\n((?s).*?)```/) {
        let example = lines(String(block.1)).filter { !$0.hasPrefix("import ") }.joined(separator: "\n")
        #expect(examples.contains(example), "\(example)")
        count += 1
      }
    }
    #expect(count > 2)
  }

  /// Each method of the Python library is in the article, with what stands for it.
  @Test func everyPythonMethodHasARow() throws {
    let article = try String(
      contentsOf: Self.root.appending(path: "Sources/IPFSClient/IPFSClient.docc/FromIpfshttpclient.md"), encoding: .utf8
    )
    let rows = article.split(separator: "\n").filter { $0.hasPrefix("| `") }
    var named: Set<String> = []
    for row in rows {
      let cells = row.split(separator: "|", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      #expect(cells.count == 5 && !cells[2].isEmpty, "\(row)")
      // `files.cp`, `ls`: the section counts for the names that follow.
      var section = ""
      for match in cells[1].matches(of: /`([^`(]+)[^`]*`/) {
        let name = String(match.1)
        if let dot = name.lastIndex(of: ".") { section = String(name[...dot]) }
        named.insert(name.contains(".") ? name : section + name)
      }
    }
    #expect(Self.pythonMethods.subtracting(named).sorted() == [])
  }

  /// The methods of ipfshttpclient 0.7
  /// (<https://pypi.org/project/ipfshttpclient/0.7.0/>, module `ipfshttpclient.client`).
  private static let pythonMethods: Set<String> = Set(
    """
    connect assert_version add add_bytes add_str add_json get_json cat get ls dns id ping resolve stop version
    apply_workarounds close
    bitswap.stat bitswap.wantlist block.get block.put block.stat bootstrap.add bootstrap.list bootstrap.rm
    config.get config.replace config.set dag.export dag.get dag.imprt dag.put dag.resolve
    dht.findpeer dht.findprovs dht.get dht.put dht.query
    files.cp files.ls files.mkdir files.mv files.read files.rm files.stat files.write
    key.gen key.list key.rename key.rm name.publish name.resolve
    object.data object.diff object.get object.links object.new object.put object.stat
    object.patch.add_link object.patch.append_data object.patch.rm_link object.patch.set_data
    pin.add pin.ls pin.rm pin.update pin.verify pubsub.ls pubsub.peers pubsub.publish pubsub.subscribe
    repo.gc repo.stat swarm.addrs swarm.connect swarm.disconnect swarm.peers swarm.filters.add swarm.filters.rm
    unstable.log.level unstable.log.ls unstable.log.tail unstable.refs unstable.refs.local
    """.split(whereSeparator: \.isWhitespace).map(String.init))
}

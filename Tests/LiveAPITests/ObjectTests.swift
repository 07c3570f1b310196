import Foundation
import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `object/…`: what is left of it, and what has been removed from Kubo.
  struct ObjectTests {
    /// An empty directory.
    private static let emptyDirectory = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

    let client: Client

    init() throws { client = try LiveDaemon.client(.inProcess) }

    @Test func linksAreAddedAndRemoved() async throws {
      let text = Sample.text()
      let file = try await client.addString(text, options: .unpinned)
      let empty = try await client.block.put(.bytes([0x0a, 0x02, 0x08, 0x01]), format: "v0").cid
      #expect(empty.description == Self.emptyDirectory)
      let one = try await client.object.patch.addLink(empty, name: "a", ref: file)
      #expect(try await client.cat("\(one)/a").text() == text)
      let deep = try await client.object.patch.addLink(one, name: "b/c", ref: file, create: true)
      #expect(try await client.cat("\(deep)/b/c").text() == text)
      let missing = try await failure { try await client.object.patch.addLink(one, name: "x/y", ref: file) }
      #expect(missing.code == .errorResponse)

      #expect(try await client.object.patch.rmLink(one, link: "a") == empty)
      let error = try await failure { try await client.object.patch.rmLink(one, link: "nope") }
      #expect(error.code == .errorResponse && error.reason == .notFound)
    }

    @Test func differencesAreFound() async throws {
      let texts = [Sample.text(), Sample.text()]
      let first = try await client.add(
        .directory(name: "d", [.text(texts[0], name: "a"), .text(texts[0], name: "b")]), options: .unpinned
      ).collect()
      let second = try await client.add(
        .directory(name: "d", [.text(texts[1], name: "b"), .text(texts[1], name: "c")]), options: .unpinned
      ).collect()
      let (old, new) = (first[0].cid, second[0].cid)
      let roots = (try #require(first.last?.cid), try #require(second.last?.cid))
      let changes = try await client.object.diff(roots.0, roots.1)
      let byPath = Dictionary(changes.map { ($0.path, $0) }) { first, _ in first }
      #expect(Set(byPath.keys) == ["a", "b", "c"])
      #expect(byPath["a"]?.kind == .removed && byPath["a"]?.before == old && byPath["a"]?.after == nil)
      #expect(byPath["b"]?.kind == .modified && byPath["b"]?.before == old && byPath["b"]?.after == new)
      #expect(byPath["c"]?.kind == .added && byPath["c"]?.before == nil && byPath["c"]?.after == new)
      #expect(try await client.object.diff(roots.0, roots.0).isEmpty)
    }

    /// A node of our own has what Kubo has removed.
    @Test func nodesAreMadeAndReadWhereTheDaemonStillDoesThat() async throws {
      do {
        let directory = try await client.object.new("unixfs-dir")
        #expect(directory.cid.description == Self.emptyDirectory)
      } catch let error as ClientError where error.reason == .removedCommand {
        return try await removedCommandsSaySo()
      }
      let text = Sample.text()
      let object = String(decoding: try JSONEncoder().encode(["Data": text]), as: UTF8.self)
      let node = try await client.object.put(.text(object)).cid
      #expect(try await client.object.data(node).text() == text)
      #expect(try await client.object.get(node).data == text)
      #expect(try await client.object.links(node).links.isEmpty)
      let size = try await client.object.stat(node)
      #expect(
        size.dataSize == text.utf8.count && size.numLinks == 0 && size.blockSize == size.dataSize + size.linksSize)
      let more = try await client.object.patch.appendData(node, .text("more"))
      #expect(try await client.object.data(more).text() == text + "more")
      #expect(try await client.object.patch.setData(more, .text(text)) == node)
      let error = try await failure { try await client.object.put(.text("no object")) }
      #expect(error.code == .errorResponse)
    }

    private func removedCommandsSaySo() async throws {
      let path = Self.emptyDirectory
      let errors = [
        try await failure { try await client.object.new() },
        try await failure { try await client.object.new("unixfs-dir") },
        try await failure { try await client.object.get(path) },
        try await failure { try await client.object.links(path) },
        try await failure { try await client.object.data(path).collect() },
        try await failure { try await client.object.stat(path) },
        try await failure { try await client.object.put(.text(#"{"Data":"abc"}"#)) },
        try await failure { try await client.object.patch.appendData(path, .text("more")) },
        try await failure { try await client.object.patch.setData(path, .text("other")) },
      ]
      for error in errors {
        #expect(error.code == .errorResponse && error.reason == .removedCommand, "\(error)")
        #expect(error.message == "removed, use 'ipfs dag' or 'ipfs files' instead")
      }
      #expect(Set(errors.compactMap(\.command)).count == 8)
    }
  }
}

import Foundation
import IPFSNode
import IPFSNodeServer
import IPLD
import MountTestSupport
import Multiformats
import NIOCore
import TestSupport
import Testing
import UnixFS

/// What `cat`, `get`, `ls`, `refs` and `resolve` do beyond the recorded exchanges.
@Suite struct ContentTests {
  @Test(arguments: [nil, "legacy-cid-v0"])
  func rangesOfSeveralFiles(profile: String?) async throws {
    let node = try LocalNode(profile: profile)
    let contents = [data(5), data(3_000_001, seed: "a"), [], data(1 << 20, seed: "b")]
    var form = TestForm()
    for (index, content) in contents.enumerated() { form.parts.append(.init(path: "\(index)", content: content)) }
    let roots = try await node.add(form).compactMap(\.Hash)
    let all = contents.flatMap { $0 }
    for (offset, length) in [
      (0, nil), (0, 0), (3, 4), (5, 100), (4, 3_000_002), (524_288, 524_288), (3_000_005, 2_000_000), (3_000_007, 1),
      (all.count, nil), (all.count + 5, 3), (1_000_003, 1_500_000),
    ] as [(Int, Int?)] {
      var options = ["offset": String(offset)]
      options["length"] = length.map(String.init)
      let reply = try await node.call("cat", roots, options)
      let expected = all.dropFirst(offset).prefix(length ?? .max)
      #expect(reply.body == Array(expected), "from \(offset), \(length ?? -1) bytes")
      #expect(reply.header("X-Content-Length") == String(expected.count))
    }
  }

  @Test func linksAreReadAsTheirTargets() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let link = TestForm.Part(path: "link", type: "application/symlink", content: Array("some/where".utf8))
    let cid = try #require(await node.add(TestForm([link])).first?.Hash)
    #expect(try await node.call("cat", [cid]).text == "some/where")
    #expect(try await node.call("cat", [cid], ["offset": "5", "length": "3"]).text == "whe")
  }

  /// Bytes that were damaged are never sent as if they were right.
  @Test func damageIsAnError() async throws {
    let node = try LocalNode()
    let content = data(2_500_000)
    let events = try await node.add(TestForm([.init(path: "f", content: content)]))
    let root = try CID(#require(events.first?.Hash))
    let leaf = try node.node.blockstore.block(root).links()[1]
    let path = try #require(
      FileManager.default.enumerator(atPath: "\(node.repo.path)/blocks")?.compactMap { $0 as? String }.first {
        let name = Multibase.base32Upper.encode(leaf.multihash.bytes).dropFirst()
        return $0.hasSuffix("\(name).data")
      })
    let file = try FileHandle(forUpdating: URL(filePath: "\(node.repo.path)/blocks/\(path)"))
    try file.seek(toOffset: 1000)
    try file.write(contentsOf: Data([~content[(1 << 20) + 1000]]))
    try file.close()
    let reply = try await node.call("cat", [root.description])
    #expect(reply.status == 200)
    #expect(reply.error?.contains("does not match its hash") == true)
    #expect(reply.body == Array(content.prefix(1 << 20)))
    // What is whole can still be read.
    #expect(try await node.call("cat", [root.description], ["length": "1000"]).body == Array(content.prefix(1000)))
  }

  /// A directory with what tar has to take care of.
  private static func tree() -> TestForm {
    let long = String(repeating: "n", count: 150)
    var form = TestForm(directories: ["d", "d/empty"])
    form.parts += [
      .init(path: "d/a", metadata: "?mode=0751&mtime=1700000000&mtime-nsecs=5", content: data(1000)),
      .init(path: "d/\(long)", content: data(513)), .init(path: "d/é", content: []),
      .init(path: "d/link", type: "application/symlink", content: Array(long.utf8)),
      .init(path: "d/sub/big", content: data(1_100_000)),
    ]
    return form
  }

  private static func check(_ listing: TarListing, root: String) throws {
    #expect(listing.isWhole)
    let long = String(repeating: "n", count: 150)
    #expect(
      Set(listing.entries.map(\.name))
        == Set([root] + ["a", long, "é", "link", "empty", "sub", "sub/big"].map { "\(root)/\($0)" }))
    let byName = Dictionary(uniqueKeysWithValues: listing.entries.map { ($0.name, $0) })
    let first = try #require(byName["\(root)/a"])
    #expect(first.mode == 0o751)
    #expect(first.time == 1_700_000_000)
    #expect(first.content == data(1000))
    #expect(byName["\(root)/sub/big"]?.content == data(1_100_000))
    #expect(byName["\(root)/link"]?.target == long)
    #expect(byName["\(root)/link"]?.type == "2")
    #expect(byName["\(root)/empty"]?.type == "5")
  }

  @Test func archivesHoldTheTree() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let events = try await node.add(Self.tree(), ["preserve-mode": "true", "preserve-mtime": "true"])
    let root = try #require(events.last?.Hash)
    for options in [[:], ["archive": "true"]] {
      let reply = try await node.call("get", [root], options)
      let listing = TarListing(reply.body)
      try Self.check(listing, root: root)
      let first = try #require(listing.entries.first { $0.name == "\(root)/a" })
      // Fractions of seconds are only kept where nobody asked for an archive.
      #expect(first.records["mtime"] == (options.isEmpty ? Array("1700000000.000000005".utf8) : nil))
    }
    let sub = try await node.call("get", ["\(root)/sub"])
    #expect(TarListing(sub.body).entries.map(\.name) == ["sub", "sub/big"])
  }

  @Test(arguments: ["1", "6", "9"])
  func compressionIsUndoneByOthers(level: String) async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let root = try #require(
      await node.add(Self.tree(), ["preserve-mode": "true", "preserve-mtime": "true"]).last?.Hash)
    let options = ["compress": "true", "compression-level": level]
    let archive = try await node.call("get", [root], options.merging(["archive": "true"]) { own, _ in own })
    #expect(archive.header("Content-Type") == "application/gzip")
    try Self.check(TarListing(Self.gunzip(archive.body)), root: root)
    let file = try await node.call("get", ["\(root)/sub/big"], options)
    #expect(try Self.gunzip(file.body) == data(1_100_000))
    let zeros = try await node.add(TestForm([.init(path: "z", content: [UInt8](repeating: 0, count: 3_000_000))]))
    let small = try await node.call("get", [try #require(zeros.first?.Hash)], options)
    #expect(small.body.count < 100_000)
    #expect(try Self.gunzip(small.body) == [UInt8](repeating: 0, count: 3_000_000))
    #expect(try await node.call("get", [root], options).error == "file is not regular")
    #expect(
      try await node.call("get", [root], ["compress": "true", "compression-level": "10"]).error
        == "compression level must be between 1 and 9")
  }

  private static func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let folder = try TemporaryRepo()
    let path = "\(folder.path)/a.gz"
    try Data(bytes).write(to: URL(filePath: path))
    try Shell.run("gzip -d '\(path)'")
    return try Array(Data(contentsOf: URL(filePath: "\(folder.path)/a")))
  }

  @Test func listingOfAShardedDirectory() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm(files: (0..<50).map { ("d/\($0)", "\($0)") })
    let root = try #require(await node.add(form, ["max-directory-links": "10"]).last?.Hash)
    let whole = try await node.call("ls", [root])
    let streamed = try await node.call("ls", [root], ["stream": "true"])
    #expect(streamed.lines.count == 50)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(whole.body)) as? [String: Any])
    let links = try #require((object["Objects"] as? [[String: Any]])?.first?["Links"] as? [[String: Any]])
    #expect(links.compactMap { $0["Name"] as? String } == (0..<50).map(String.init).sorted())
    #expect(links.allSatisfy { $0["Type"] as? Int == 2 })
    #expect(try await node.call("cat", ["\(root)/37"]).text == "37")
    #expect(try await node.call("cat", ["\(root)/51"]).error == "no link named \"51\" under \(root)")
  }

  @Test func referencesAreLimitedByDepthAndRepetition() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm(files: [("d/a", "same"), ("d/b", "same"), ("d/s/c", "same"), ("d/s/t/e", "other")])
    let root = try #require(await node.add(form).last?.Hash)
    func refs(_ options: [String: String]) async throws -> Int {
      try await node.call("refs", [root], options).lines.count
    }
    #expect(try await refs([:]) == 3)
    #expect(try await refs(["recursive": "true"]) == 6)
    #expect(try await refs(["recursive": "true", "unique": "true"]) == 4)
    #expect(try await refs(["recursive": "true", "max-depth": "2"]) == 5)
    #expect(try await refs(["recursive": "true", "max-depth": "0"]) == 0)
    #expect(try await refs(["recursive": "true", "max-depth": "2", "unique": "true"]) == 3)
    #expect(
      try await node.call("refs", [root], ["edges": "true", "format": "x"]).error
        == "using format argument with edges is not allowed")
    // What is not here is told of among the others.
    let leaf = try #require(await node.add(TestForm(files: [("f", "same")])).last?.Hash)
    _ = try node.node.blockstore.remove(CID(leaf))
    #expect(try await node.call("refs", [root], ["recursive": "true"]).text.contains("could not find \(leaf)"))
  }

  @Test func pathsAreResolvedInTheirBase() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let root = try #require(
      await node.add(TestForm(files: [("d/a", "1")]), ["cid-version": "1"]).last?.Hash)
    let upper = try CID(root).text(in: .base36)
    let inBase = try await node.call("resolve", ["/ipfs/\(upper)/a"]).text
    #expect(inBase.hasPrefix("{\"Path\":\"/ipfs/k"))
    let chosen = try await node.call("resolve", ["/ipfs/\(upper)/a"], ["cid-base": "base16"]).text
    #expect(chosen.hasPrefix("{\"Path\":\"/ipfs/f01551220"))
    // Into the fields of a node, where its form is asked for.
    #expect(try await node.call("dag/get", ["/ipld/\(root)/Links/0/Name"]).text == "\"a\"")
  }
}

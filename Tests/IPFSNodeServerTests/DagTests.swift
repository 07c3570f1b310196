import Foundation
import IPFSNode
import IPFSNodeServer
import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// What `dag`, `block` and `object` do beyond the recorded exchanges.
@Suite struct DagTests {
  private static let archive = "x.car"

  private func archived(_ bytes: [UInt8]) -> TestForm { TestForm([.init(path: Self.archive, content: bytes)]) }

  @Test func archivesBringADagToAnotherNode() async throws {
    let (first, second) = (try LocalNode(profile: "legacy-cid-v0"), try LocalNode())
    var form = TestForm(files: [("d/a", "a"), ("d/b", "a")])
    form.parts.append(.init(path: "d/big", content: data(2_000_000)))
    let root = try #require(await first.add(form, ["cid-version": "1"]).last?.Hash)
    let export = try await first.call("dag/export", [root])
    #expect(export.header("Content-Type") == "application/vnd.ipld.car")
    #expect(export.error == nil)

    let reply = try await second.call("dag/import", [], ["stats": "true"], archived(export.body))
    #expect(reply.error == nil)
    #expect(reply.lines.first == "{\"Root\":{\"Cid\":{\"/\":\"\(root)\"},\"PinErrorMsg\":\"\"}}")
    // The directory, the file that is there twice, the large one and its leaves.
    #expect(reply.lines.last?.contains("\"BlockCount\":11") == true)
    try await second.node.blockstore.retainDAG(CID(root))
    #expect(try second.node.pins.list().map(\.cid.description) == [root])
    #expect(try await second.call("cat", ["\(root)/big"]).body == data(2_000_000))
    #expect(try await second.call("dag/export", [root]).body == export.body)

    let stat = try await second.call("dag/stat", [root, root], ["progress": "false"]).text
    #expect(stat.contains("\"UniqueBlocks\":11"))
    #expect(stat.contains("\"Ratio\":2,"))
    #expect(try await second.call("dag/stat", [root]).lines.count == 12)
  }

  @Test func versionTwoIsRead() async throws {
    let (first, second) = (try LocalNode(profile: "legacy-cid-v0"), try LocalNode(profile: "legacy-cid-v0"))
    let root = try #require(await first.add(TestForm(files: [("d/a", "a")])).last?.Hash)
    let payload = try await first.call("dag/export", [root]).body
    func number(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    // The pragma, the header with offset and size of the payload, and something behind it.
    var bytes: [UInt8] = [0x0A] + Array("\u{A1}".unicodeScalars.map { UInt8($0.value) })
    bytes += [0x67] + Array("version".utf8) + [0x02]
    bytes += [UInt8](repeating: 0, count: 16) + number(60) + number(payload.count) + number(0)
    bytes += [UInt8](repeating: 0, count: 60 - bytes.count) + payload + [1, 2, 3]
    let reply = try await second.call("dag/import", [], [:], archived(bytes))
    #expect(reply.error == nil)
    #expect(try await second.call("cat", ["\(root)/a"]).text == "a")
  }

  @Test func damagedArchivesAreRefused() async throws {
    let (first, second) = (try LocalNode(profile: "legacy-cid-v0"), try LocalNode(profile: "legacy-cid-v0"))
    let root = try #require(await first.add(TestForm([.init(path: "f", content: data(600_000))])).last?.Hash)
    let bytes = try await first.call("dag/export", [root]).body
    let cut = try await second.call("dag/import", [], [:], archived(Array(bytes.dropLast(100))))
    #expect(cut.error?.hasPrefix("import failed after block \"Qm") == true)
    #expect(cut.error?.hasSuffix("unexpected EOF") == true)
    var wrong = bytes
    wrong[wrong.count - 1] ^= 1
    let mismatch = try await second.call("dag/import", [], [:], archived(wrong))
    #expect(mismatch.error?.contains("mismatch in content integrity, expected: Qm") == true)
    #expect(try second.node.pins.list().isEmpty)
    let large = try await second.call(
      "block/put", [], ["allow-big-block": "true"], TestForm([.init(path: "b", content: data(3 << 20))]))
    let key = try #require(large.text.split(separator: "\"").dropFirst(3).first.map(String.init))
    let big = try await second.call("dag/export", [key]).body
    #expect(try await first.call("dag/import", [], [:], archived(big)).error?.contains("over 2MiB") == true)
    #expect(try await first.call("dag/import", [], ["allow-big-block": "true"], archived(big)).error == nil)
  }

  @Test func whatIsMissingIsToldOf() async throws {
    let (first, second) = (try LocalNode(profile: "legacy-cid-v0"), try LocalNode(profile: "legacy-cid-v0"))
    let root = try #require(await first.add(TestForm(files: [("d/a", "1"), ("d/b", "2")])).last?.Hash)
    let missing = try first.node.blockstore.block(CID(root)).links()[0]
    _ = try first.node.blockstore.remove(missing)
    let failed = try await first.call("dag/export", [root])
    #expect(failed.error?.contains("could not find \(missing)") == true)
    #expect(failed.error?.hasSuffix("(currently offline, perhaps retry after attaching to the network)") == true)
    let partial = try await first.call("dag/export", [root], ["local-only": "true"])
    #expect(partial.error == nil)
    let reply = try await second.call("dag/import", [], [:], archived(partial.body))
    #expect(reply.text.contains("could not find \(missing)"))
    #expect(try second.node.pins.list().isEmpty)
    #expect(
      try await second.call("dag/import", [], ["local-only": "true"], archived(partial.body)).text.isEmpty)
    #expect(
      try await first.call("dag/stat", [root]).error?.hasPrefix("error traversing DAG: block was not found") == true)
  }

  @Test func codecsOfNodes() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    func put(_ text: String, _ options: [String: String]) async throws -> RecordingSink.Recorded {
      try await node.call("dag/put", [], options, TestForm([.init(path: "n", content: Array(text.utf8))]))
    }
    let raw = try await put("{\"/\":{\"bytes\":\"aGk\"}}", ["store-codec": "raw"])
    #expect(raw.text.contains("bafkrei"))
    #expect(try await put("{}", ["store-codec": "nosuch"]).error == "unknown multicodec: \"nosuch\"")
    #expect(
      try await put("{}", ["store-codec": "git-raw"]).error
        == "no encoder registered for multicodec code 120 (0x78)")
    #expect(try await put("{x", [:]).error?.isEmpty == false)
    // A DAG that is not here whole cannot be pinned.
    let absent = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
    let pinned = try await put("{\"l\":{\"/\":\"\(absent)\"}}", ["pin": "true"])
    #expect(pinned.error?.contains(absent) == true)
    #expect(try node.node.pins.list().isEmpty)
  }

  @Test func blocksAreRemovedOnceNobodyMayLinkThem() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let reply = try await node.call("block/put", [], [:], TestForm(files: [("b", "block")]))
    let key = try #require(reply.text.split(separator: "\"").dropFirst(3).first.map(String.init))
    let lease = node.node.blockstore.beginLease()
    node.node.blockstore.retain([try CID(key)])
    let removal = Task { try await node.call("block/rm", [key]) }
    try await Task.sleep(for: .milliseconds(100))
    #expect(node.node.blockstore.has(try CID(key)))
    lease.end()
    #expect(try await removal.value.text == "{\"Hash\":\"\(key)\"}\n")
    #expect(!node.node.blockstore.has(try CID(key)))

    let pinned = try await node.call("block/put", [], ["pin": "true"], TestForm(files: [("b", "block")]))
    #expect(pinned.text == reply.text)
    #expect(try await node.call("block/rm", [key]).text.contains("pinned: recursive"))
    let events = try await node.add(TestForm(files: [("d/f", "in it")]))
    let inner = try #require(events.first?.Hash)
    let outer = try #require(events.last?.Hash)
    #expect(try await node.call("block/rm", [inner]).text.contains("pinned via \(outer)"))
  }

  @Test(arguments: [
    (["mhtype": "sha2-256", "mhlen": "20"], "bafkref"), (["cid-codec": "dag-cbor"], "bafyrei"),
    (["format": "v0"], "Qm"), (["cid-codec": "0x0129"], "baguqee"),
  ])
  func namesOfBlocks(_ options: [String: String], _ prefix: String) async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let reply = try await node.call("block/put", [], options, TestForm(files: [("b", "\u{0A}")]))
    let key = try #require(reply.text.split(separator: "\"").dropFirst(3).first.map(String.init))
    #expect(key.hasPrefix(prefix))
    #expect(try await node.call("block/get", [key]).text == "\u{0A}")
  }

  @Test func blocksHaveALimit() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm([.init(path: "b", content: data((2 << 20) + 1))])
    #expect(try await node.call("block/put", [], [:], form).error?.hasPrefix("produced block is over 2MiB") == true)
    #expect(try await node.call("block/put", [], ["allow-big-block": "true"], form).error == nil)
    #expect(
      try await node.call("block/put", [], ["mhlen": "64"], TestForm(files: [("b", "x")])).error
        == "requested length was too large for digest")
  }

  @Test func objectsAreChangedBelowTheRoot() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let events = try await node.add(TestForm(files: [("d/a", "1"), ("d/s/b", "2")]))
    let root = try #require(events.last?.Hash)
    let file = try #require(await node.add(TestForm(files: [("f", "3")])).first?.Hash)
    func patch(_ command: String, _ arguments: [String], _ options: [String: String] = [:]) async throws -> String {
      let reply = try await node.call("object/patch/\(command)", arguments, options)
      return reply.error ?? String(reply.text.split(separator: "\"")[3])
    }
    let expected = try #require(
      await node.add(TestForm(files: [("d/a", "1"), ("d/n/m/c", "3"), ("d/s/b", "2")])).last?.Hash)
    #expect(try await patch("add-link", [root, "n/m/c", file]) == "no link by that name")
    let added = try await patch("add-link", [root, "n/m/c", file], ["create": "true"])
    #expect(added == expected)
    #expect(try await patch("rm-link", [added, "n"]) == root)
    #expect(try await patch("rm-link", [root, "s/x"]) == "no link by that name")
    #expect(
      try await patch("add-link", [file, "x", root]).hasPrefix("cannot add named links to a UnixFS File node"))
    let sharded = try #require(
      await node.add(TestForm(files: [("d/a", "1"), ("d/b", "2")]), ["max-directory-links": "1"]).last?.Hash)
    #expect(try await patch("rm-link", [sharded, "a"]).hasPrefix("cannot remove links from a HAMTShard"))

    let changed = try await patch("add-link", [root, "s/b", file])
    let diff = try await node.call("object/diff", [root, changed]).text
    #expect(diff.contains("\"Type\":2,\"Path\":\"s/b\""))
    #expect(try await node.call("object/diff", [root, root]).text == "{\"Changes\":[]}\n")
    #expect(try await node.call("object/diff", [added, root]).text.contains("\"Type\":1,\"Path\":\"n\""))
  }

  @Test func identifiersAreTakenApart() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let cid = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"
    func format(_ text: String, _ options: [String: String] = [:], of cid: String = cid) async throws -> String {
      let reply = try await node.call("cid/format", [cid], options.merging(["f": text]) { own, _ in own })
      struct Formatted: Decodable {
        let Formatted: String
        let ErrorMsg: String
      }
      guard reply.error == nil else { return reply.error ?? "" }
      let value = try JSONDecoder().decode(Formatted.self, from: Data(reply.body))
      return value.Formatted + value.ErrorMsg
    }
    #expect(
      try await format("%P %b %B %V %c %C %h %H %L %%")
        == "cidv0-dag-pb-sha2-256-32 base58btc z 0 dag-pb 112 sha2-256 18 32 %")
    #expect(try await format("%s", ["v": "1"]) == "bafybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby")
    #expect(try await format("%S", ["v": "1"]) == "afybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby")
    #expect(try await format("%d", ["b": "base16"]).hasPrefix("f46d4481"))
    #expect(try await format("%x") == "unrecognized specifier in format string: x")
    #expect(try await format("none") == "invalid format string: \"none\"")
    let raw = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"
    #expect(try await format("%s", ["v": "0"], of: raw) == "can't convert non-dag-pb nodes to cidv0")
    #expect(try await format("%s", ["mc": "dag-pb", "v": "0"], of: raw).hasPrefix("Qm"))
    #expect(try await format("%s", of: "nonsense").hasPrefix("invalid cid: "))

    let inspected = try await node.call("cid/inspect", [raw]).text
    #expect(inspected.contains("\"multicodec\":{\"code\":85,\"name\":\"raw\"}"))
    #expect(!inspected.contains("cidV0"))
    let peer = try await node.call("cid/inspect", ["12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"]).text
    #expect(peer.contains("PeerID"))
    let hashes = try await node.call("cid/hashes").text
    #expect(hashes.contains("\"Name\":\"blake3\""))
    let codecs = try await node.call("cid/codecs", [], ["supported": "true"]).text
    #expect(codecs.contains("dag-cbor") && !codecs.contains("git-raw"))
    let commands = try await node.call("commands").text
    #expect(commands.contains("{\"Name\":\"add-link\",\"Subcommands\":[]"))
    #expect(try await node.call("mount").status == 500)
  }

  @Test(arguments: ["base16", "base58btc", "base64url", "base256emoji"])
  func textsInBases(_ name: String) async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    func convert(_ command: String, _ bytes: [UInt8], _ options: [String: String] = [:]) async throws -> [UInt8] {
      try await node.call("multibase/\(command)", [], options, TestForm([.init(path: "f", content: bytes)])).body
    }
    let encoded = try await convert("encode", data(50), ["b": name])
    #expect(try await convert("decode", encoded) == data(50))
    let other = try await convert("transcode", encoded)
    #expect(other.first == UInt8(ascii: "u"))
    #expect(try await convert("decode", other) == data(50))
    #expect(
      try await node.call("multibase/encode", [], ["b": "nosuch"], TestForm(files: [("f", "x")])).error
        == "unsupported multibase encoding: nosuch")
  }
}

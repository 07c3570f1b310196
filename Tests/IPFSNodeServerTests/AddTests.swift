import Foundation
import IPFSNode
import IPFSNodeServer
import IPLD
import Multiformats
import NIOCore
import TestSupport
import Testing
import UnixFS

/// What `add` does beyond the recorded exchanges.
@Suite struct AddTests {
  private static let hello = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"

  private func files(_ names: [String]) -> [(path: String, text: String)] { names.map { ($0, "\($0)\n") } }

  @Test func orderOfPartsDoesNotMatter() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let names = ["d/a", "d/b/c", "d/b/d", "d/b/e/f", "d/g/h", "d/z"]
    let inOrder = try await node.add(TestForm(directories: ["d", "d/b", "d/b/e", "d/g"], files: files(names)))
    let directories = inOrder.dropFirst(names.count)
    // Those in a directory come before it, by name.
    #expect(directories.map(\.Name) == ["d/b/e", "d/b", "d/g", "d"])
    for seed in 0..<5 {
      var random = SeededGenerator(seed: UInt64(seed))
      let shuffled = names.shuffled(using: &random)
      // Directories without a part of their own, or with one that comes late.
      var form = TestForm(directories: [], files: files(shuffled))
      if seed > 2 { form.parts.append(.init(path: "d/b", type: "application/x-directory")) }
      let events = try await node.add(form)
      #expect(events.prefix(names.count).map(\.Name) == shuffled)
      #expect(events.dropFirst(names.count) == directories)
    }
  }

  @Test func everyRootIsPinned() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm(files: files(["x/1", "x/2", "y", "x/3"]))
    let events = try await node.add(form, ["pin-name": "mine"])
    // A directory ends where another name begins.
    #expect(events.map(\.Name) == ["x/1", "x/2", "x", "y", "x/3", "x"])
    let roots = [2, 3, 5].compactMap { events[$0].Hash }
    let pins = try node.node.pins.list()
    #expect(Set(pins.map(\.cid.description)) == Set(roots))
    #expect(pins.allSatisfy { $0.kind == .recursive && $0.name == "mine" })
    for pin in pins { try await node.node.blockstore.retainDAG(pin.cid) }
  }

  @Test func nothingIsPinnedOrStoredUnasked() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm([.init(path: "f", content: data(300_000))])
    let hashed = try await node.add(form, ["only-hash": "true"])
    let cid = try CID(#require(hashed.first?.Hash))
    #expect(!node.node.blockstore.has(cid))
    #expect(try await node.add(form, ["pin": "false"]) == hashed)
    #expect(node.node.blockstore.has(cid))
    #expect(try node.node.pins.list().isEmpty)
  }

  @Test func whatWasToldIsPinnedThoughTheRestFails() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    var request = TestForm(files: files(["a", "b"])).request("add")
    let body = request.body
    request.body = {
      // All but the end of the last part.
      guard var bytes = try await body() else { return nil }
      return bytes.readSlice(length: bytes.readableBytes - 30)
    }
    let sink = RecordingSink()
    try await node.service.respond(to: request, through: sink)
    #expect(sink.recorded.error == "unexpected EOF")
    // Nothing was told of the second file.
    #expect(try node.node.pins.list().count <= 1)
    #expect(try await node.add(TestForm(files: [("hello", "hello world\n")])).first?.Hash == Self.hello)
  }

  @Test func emptyDirectoriesCanBeLeftOut() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm(directories: ["d", "d/empty", "d/full"], files: files(["d/full/f"]))
    #expect(try await node.add(form).map(\.Name) == ["d/full/f", "d/empty", "d/full", "d"])
    let without = TestForm(directories: ["d", "d/full"], files: files(["d/full/f"]))
    #expect(try await node.add(form, ["empty-dirs": "false"]) == (try await node.add(without)))
  }

  @Test func metadataComesFromPartsOrOptions() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let content = Array("hello world\n".utf8)
    let part = TestForm.Part(path: "m", metadata: "?mode=0640&mtime=1700000000&mtime-nsecs=42", content: content)
    let preserved = try await node.add(TestForm([part]), ["preserve-mode": "true", "preserve-mtime": "true"])
    let chosen = try await node.add(
      TestForm([.init(path: "m", content: content)]),
      ["mode": "0640", "mtime": "1700000000", "mtime-nsecs": "42"])
    #expect(preserved.first?.Hash == chosen.first?.Hash)
    #expect(preserved.first?.Mode == "0640")
    #expect(preserved.first?.Mtime == 1_700_000_000)
    #expect(preserved.first?.MtimeNsecs == 42)
    // Told of in any case, stored only where that was asked for.
    let ignored = try await node.add(TestForm([part]))
    #expect(ignored.first?.Hash == Self.hello)
    #expect(ignored.first?.Mode == "0640")
  }

  @Test func limitsOfDirectoriesAreHeeded() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let form = TestForm(files: files((0..<100).map { "d/\($0)" }))
    let events = try await node.add(form, ["max-directory-links": "64", "max-hamt-fanout": "32"])
    let root = try CID(#require(events.last?.Hash))
    let block = try DAGPBNode(decoding: node.node.blockstore.block(root).data)
    let shard = try UnixFSNode(decoding: #require(block.data))
    #expect(shard.kind == .hamtShard)
    #expect(shard.fanout == 32)
    #expect(try await DirectoryReader(source: node.node.blockstore).list(root).count == 100)
  }

  @Test func pathsAreCleaned() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    let plain = try await node.add(TestForm(files: [("d/a", "1"), ("d/b", "2")]))
    let odd = try await node.add(TestForm(files: [("../d//./a", "1"), ("/d/x/../b", "2")]))
    #expect(odd == plain)
    // Bytes that are no text stay what they are.
    let latin = TestForm.Part(path: "n", content: [1])
    var request = TestForm([latin]).request("add", ["wrap-with-directory": "true"])
    let body = request.body
    request.body = {
      try await body().map { ByteBuffer(string: String(buffer: $0).replacing("\"n\"", with: "\"%E9\"")) }
    }
    let sink = RecordingSink()
    try await node.service.respond(to: request, through: sink)
    let line = try #require(sink.recorded.lines.last)
    let event = try JSONDecoder().decode(AddEvent.self, from: Data(line.utf8))
    let entries = try await DirectoryReader(source: node.node.blockstore).list(CID(#require(event.Hash)))
    #expect(entries.map(\.name.bytes) == [[0xE9]])
  }

  @Test(arguments: [
    (["hash": "nosuch"], "unrecognized hash function: \"nosuch\""),
    (["hash": "sha2-512", "cid-version": "0"], "CIDv0 only supports sha2-256"),
    (["cid-version": "2"], "unknown CID version: 2"),
    (["max-hamt-fanout": "100"], "HAMT fanout must be a power of 2, between 8 and 1024 (got 100)"),
    (["chunker": "nosuch"], "unrecognized chunker option: nosuch"),
    (["chunker": "size-x"], "strconv.Atoi: parsing \"x\": invalid syntax"),
    (["chunker": "rabin-100-90-80"], "incorrect format: rabin-min must be smaller than rabin-avg"),
    (["inline": "true", "inline-limit": "200"], "inline-limit 200 exceeds maximum allowed size of 128 bytes"),
    (["only-hash": "true", "to-files": "/"], "only-hash and to-files options are not compatible"),
    (["pin": "false", "pin-name": "x"], "pin-name option requires pin to be set"),
    (["mtime-nsecs": "1"], "option \"mtime-nsecs\" requires \"mtime\" to be provided as well"),
    (["pin-name": String(repeating: "n", count: 256)], "pin name is 256 bytes (max 255 bytes)"),
    (
      ["nocopy": "true"],
      "either the filestore or the urlstore must be enabled to use nocopy, see: "
        + "https://github.com/ipfs/kubo/blob/master/docs/experimental-features.md#ipfs-filestore"
    ),
  ])
  func contradictionsAreRefused(_ options: [String: String], _ message: String) async throws {
    let reply = try await LocalNode(profile: "legacy-cid-v0").call("add", [], options, TestForm(files: [("f", "x")]))
    #expect(reply.status == 500)
    #expect(reply.error == message)
  }

  @Test func filesInTheWayAreErrors() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    for paths in [["d/a", "d/a"], ["d/a", "d/a/b"], ["d/a/b", "d/a"]] {
      let reply = try await node.call("add", [], [:], TestForm(files: files(paths)))
      #expect(reply.error == "directory already has entry by that name")
    }
    let deep = Array(repeating: "d", count: 2000).joined(separator: "/")
    #expect(
      try await node.call("add", [], [:], TestForm(files: files([deep]))).error == "a path of more than 1024 names")
    let large = TestForm([.init(path: "f", content: [UInt8](repeating: 1, count: 200))])
    #expect(
      try await node.call("add", [], ["hash": "identity"], large).error
        == "digest too large: identity digest got 200 bytes, maximum 128")
  }

  @Test func progressIsToldOfInOrder() async throws {
    let node = try LocalNode(profile: "legacy-cid-v0")
    var form = TestForm([.init(path: "d/small", content: data(10))])
    form.parts.append(.init(path: "d/large", content: data(600_000)))
    form.pieceSize = 10_007
    let events = try await node.add(form, ["progress": "true"])
    let steps = events.filter { $0.Hash == nil }.map { ($0.Name, $0.Bytes) }
    #expect(steps.map(\.0) == ["d/small", "d/large", "d/large", "d/large"])
    #expect(steps.map(\.1) == [10, 262_144, 524_288, 600_000])
    #expect(events.compactMap(\.Hash).count == 3)
  }

  /// Many files, in directories of their own.
  @Test func manyFilesAreAdded() async throws {
    let node = try LocalNode()
    let count = 2000
    let form = TestForm(files: (0..<count).map { ("top/\($0 % 37)/\($0 % 11)/\($0)", "\($0)\n") })
    let events = try await node.add(form)
    #expect(events.count == count + 37 * 11 + 37 + 1)
    #expect(events.prefix(count).map(\.Name) == form.parts.map(\.path))
    let root = try #require(events.last?.Hash)
    for index in stride(from: 0, to: count, by: 97) {
      let path = "\(root)/\(index % 37)/\(index % 11)/\(index)"
      #expect(try await node.call("cat", [path]).text == "\(index)\n")
    }
  }
}

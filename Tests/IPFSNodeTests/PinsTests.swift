import Foundation
import IPFSNode
import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

@Suite struct PinsTests {
  private static func code(_ body: () async throws -> Void) async -> NodeError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? NodeError)?.code
    }
  }

  private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
  }

  /// Kubo's rules about kinds.
  @Test func kinds() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let pins = node.pins
    let root = try await CollectorTests.importSmallLeaves(Self.bytes(4000, seed: 1), in: node).cid
    let blocks = try CollectorTests.blocks(of: root, in: node)
    let leaf = try #require(blocks.last)
    #expect(try await pins.state(of: root) == .none)
    #expect(await Self.code { try await pins.remove(root) } == .notPinned)

    try await pins.add(root, kind: .direct, name: "first")
    #expect(try await pins.state(of: root) == .pinned(Pin(cid: root, kind: .direct, name: "first")))
    #expect(try await pins.state(of: leaf) == .none)
    // A recursive pin takes the place of a direct one.
    try await pins.add(root, kind: .recursive)
    #expect(try await pins.state(of: root) == .pinned(Pin(cid: root, kind: .recursive)))
    #expect(await Self.code { try await pins.add(root, kind: .direct) } == .pinnedRecursively)
    for cid in blocks.dropFirst() { #expect(try await pins.state(of: cid) == .indirect(through: root)) }
    #expect(await Self.code { try await pins.remove(leaf) } == .pinnedIndirectly(through: root))
    #expect(await Self.code { try await pins.remove(root, kind: .direct) } == .pinnedRecursively)
    #expect(Set(try await pins.indirect()) == Set(blocks.dropFirst()))
    // Below a recursive pin there may be others, with a name as often as wanted.
    try await pins.add(leaf, kind: .direct, name: "a")
    try await pins.add(leaf, kind: .direct, name: "b")
    #expect(try pins.list(kind: .direct) == [Pin(cid: leaf, kind: .direct, name: "b")])
    #expect(try pins.list().count == 2)
    try await pins.remove(root)
    #expect(try await pins.state(of: leaf) == .pinned(Pin(cid: leaf, kind: .direct, name: "b")))
    #expect(try await pins.state(of: root) == .none)
    #expect(await Self.code { try await pins.remove(leaf, kind: .recursive) } == .notPinned)
    try await pins.remove(leaf, kind: .direct)
    #expect(try pins.list().isEmpty)
    // Content that is its own name can be pinned like any other.
    let inline = try CID("bafkqabdunfxhs")
    try await pins.add(inline, kind: .recursive)
    #expect(try await pins.state(of: inline) == .pinned(Pin(cid: inline, kind: .recursive)))
    try node.collector.collectNow()
    try await node.close()
  }

  @Test func update() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let old = try await CollectorTests.importSmallLeaves(Self.bytes(4000, seed: 1), in: node).cid
    let new = try await CollectorTests.importSmallLeaves(Self.bytes(4000, seed: 2), in: node).cid
    #expect(await Self.code { try await node.pins.update(from: old, to: new) } == .notPinned)
    try await node.pins.add(old, kind: .recursive, name: "n")
    try await node.pins.update(from: old, to: new, keepsOld: true)
    #expect(try node.pins.list().count == 2)
    try await node.pins.update(from: old, to: new)
    #expect(try node.pins.list() == [Pin(cid: new, kind: .recursive, name: "n")])
    try await node.close()
  }

  @Test func missingBlocksAreNamed() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let root = try await CollectorTests.importSmallLeaves(Self.bytes(4000, seed: 1), in: node).cid
    for cid in try CollectorTests.blocks(of: root, in: node).reversed() {
      let path = "\(repo.path)/blocks/\(BlockPath(multihash: cid.multihashBytes).path)"
      try FileManager.default.moveItem(atPath: path, toPath: "\(path).away")
      #expect(await Self.code { try await node.pins.add(root, kind: .recursive) } == .missingBlock(cid))
      try FileManager.default.moveItem(atPath: "\(path).away", toPath: path)
    }
    #expect(try node.pins.list().isEmpty)
    let nowhere = try CID("bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am")
    #expect(await Self.code { try await node.pins.add(nowhere, kind: .direct) } == .missingBlock(nowhere))
    try await node.pins.add(root, kind: .recursive)
    try await node.close()
  }

  /// A pin is there after the process was killed, and so are a pin's removal and what it holds.
  @Test func survivesTheProcess() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let kept = try await CollectorTests.importSmallLeaves(Self.bytes(4000, seed: 1), in: node).cid
    let dropped = try await CollectorTests.importSmallLeaves(Self.bytes(4000, seed: 2), in: node).cid
    try await node.pins.add(kept, kind: .recursive, name: "kept")
    try await node.pins.add(dropped, kind: .recursive)
    try await node.pins.remove(dropped)
    let crashed = try node.tree.betweenCheckpoints { try TemporaryRepo(crashOf: repo) }
    let survivor = try crashed.open()
    #expect(try survivor.pins.list() == [Pin(cid: kept, kind: .recursive, name: "kept")])
    try survivor.collector.collectNow()
    #expect(!survivor.blockstore.has(dropped))
    #expect(try CollectorTests.blocks(of: kept, in: survivor).allSatisfy { survivor.blockstore.has($0) })
    #expect(try await survivor.verify().isEmpty)
    try await survivor.close()
    try await node.close()
  }
}

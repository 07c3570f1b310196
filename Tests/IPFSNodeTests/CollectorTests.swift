import Foundation
import Glibc
import IPFSNode
import IPLD
import Multiformats
import Synchronization
import TestSupport
import Testing
import UnixFS

/// What a collection keeps, and what it removes.
@Suite struct CollectorTests {
  private static func put(_ bytes: [UInt8], in node: Node) throws -> CID {
    try bytes.withUnsafeBytes { data in
      let cid = CID.sha256(of: data, codec: .raw)
      try node.blockstore.put(cid, data)
      return cid
    }
  }

  private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
  }

  /// Stores a file of a few small leaves.
  static func importSmallLeaves(_ bytes: [UInt8], in node: Node) async throws -> DAGRoot {
    let profile = try ImportProfile(
      chunker: .fixed(256), cidVersion: .v1, rawLeaves: true, maxFileLinks: 4, sharding: .init(estimate: .block))
    return try await importFile(bytes, profile: profile, to: node.blockstore)
  }

  /// All blocks of a DAG.
  static func blocks(of root: CID, in node: Node) throws -> [CID] {
    guard root.codec == .dagPB else { return [root] }
    let links = try DAGPBNode(decoding: try node.blockstore.block(root).data).links
    return try [root] + links.flatMap { try blocks(of: $0.cid, in: node) }
  }

  private static func file(of cid: CID, in repo: TemporaryRepo) -> String {
    "\(repo.path)/blocks/\(BlockPath(multihash: cid.multihashBytes).path)"
  }

  @Test(arguments: [5, 200_000])
  func keepsTreeAndPins(residentNodes: Int) async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let tree = node.tree
    tree.limitResidentNodes(to: residentNodes)
    var needed: Set<CID> = []
    let lease = node.blockstore.beginLease()
    // Files, in memory and in the database; one of them with leaves beside its DAG.
    for index in 0..<40 {
      let directory = try tree.create(
        EntryName("d\(index)"), in: 1, attributes: .at(1), content: .directory(subdirectories: 0))
      let root = try await Self.importSmallLeaves(Self.bytes(3000, seed: UInt64(index)), in: node)
      needed.formUnion(try Self.blocks(of: root.cid, in: node))
      let leaf = Leaf(cid: try Self.put(Self.bytes(300, seed: 1000 + UInt64(index)), in: node), size: 300, tsize: 300)
      needed.insert(leaf.cid)
      var map = ExtentMap(baseSize: root.size)
      map.set(3000..<3300, .leaf(leaf, origin: 3000))
      for content in [FileContent(root), FileContent(size: 3300, base: root, pending: map)] {
        _ = try tree.create(
          EntryName(content.pending == nil ? "a" : "b"), in: directory.inode, attributes: .at(1),
          content: .file(content))
      }
      if index == 20 { try tree.checkpointNow() }
    }
    needed.formUnion(try Self.blocks(of: try await tree.commit().cid, in: node))
    // Pins: one of a whole DAG, one of a root alone.
    let whole = try await Self.importSmallLeaves(Self.bytes(5000, seed: 2000), in: node)
    let alone = try await Self.importSmallLeaves(Self.bytes(5000, seed: 2001), in: node)
    try await node.pins.add(whole.cid, kind: .recursive)
    try await node.pins.add(alone.cid, kind: .direct)
    needed.formUnion(try Self.blocks(of: whole.cid, in: node))
    needed.insert(alone.cid)
    let garbage = try Set(Self.blocks(of: alone.cid, in: node)).subtracting([alone.cid])
    let used = try await Self.importSmallLeaves(Self.bytes(5000, seed: 2002), in: node)
    let usedBlocks = try Self.blocks(of: used.cid, in: node)
    let isUsed = Atomic(true)
    lease.end()
    try withExtendedLifetime(isUsed) {
      node.collector.addRoots { [cid = used.cid] in isUsed.load(ordering: .relaxed) ? [cid] : nil }
      let result = try node.collector.collectNow()
      #expect(result.removed == garbage.count)
      #expect(needed.filter { !node.blockstore.has($0) }.isEmpty)
      #expect(garbage.filter { node.blockstore.has($0) }.isEmpty)
      #expect(usedBlocks.allSatisfy { node.blockstore.has($0) })
      isUsed.store(false, ordering: .relaxed)
      #expect(try node.collector.collectNow().removed == usedBlocks.count)
    }
    #expect(try await node.verify().isEmpty)
    // What is taken out of the tree goes: once nobody holds it any more.
    let removed = try #require(try tree.lookup("d7", in: 1))
    let file = try tree.remove("a", in: removed.inode, as: .nonDirectory, at: .at(2))
    _ = try tree.remove("b", in: removed.inode, as: .nonDirectory, at: .at(2))
    _ = try await tree.commit()
    try node.collector.collectNow()
    #expect(file.content == (try tree.record(file.inode).content))
    if case .file(let content) = file.content, let base = content.base {
      #expect(try Self.blocks(of: base.cid, in: node).allSatisfy { node.blockstore.has($0) })
      tree.forget(file.inode)
      tree.forget(file.inode + 1)
      try node.collector.collectNow()
      #expect(!node.blockstore.has(base.cid))
    }
    try await node.close()
    let again = try repo.open()
    #expect(try await again.verify().isEmpty)
    try await again.close()
  }

  /// Random leases and blocks: whatever was stored while a lease lasts that still does is kept; without leases
  /// everything goes.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func leasesKeepWhatWasStoredMeanwhile(seed: UInt64) async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    var random = SeededGenerator(seed: seed)
    var leases: [Int: BlockLease] = [:]
    var blocks: [CID: Set<Int>] = [:]
    var next = 0
    for step in 0..<600 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<2:
        leases[next] = node.blockstore.beginLease()
        next += 1
      case 2..<4:
        if let key = leases.keys.sorted().randomElement(using: &random) { leases.removeValue(forKey: key)?.end() }
      case 4..<9:
        // Some are stored again and again.
        let cid = try Self.put(Self.bytes(8, seed: UInt64.random(in: 0..<200, using: &random)), in: node)
        blocks[cid, default: []].formUnion(leases.keys)
      default:
        try node.collector.collectNow()
        for (cid, holders) in blocks where !holders.isDisjoint(with: leases.keys) {
          #expect(node.blockstore.has(cid), "step \(step)")
        }
        blocks = blocks.filter { node.blockstore.has($0.key) }
      }
    }
    for lease in leases.values { lease.end() }
    try node.collector.collectNow()
    #expect(blocks.keys.allSatisfy { !node.blockstore.has($0) })
    try await node.close()
  }

  /// Tasks that store and link, and remove, while one collects without a pause.
  @Test func nothingThatIsLinkedGoes() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let isDone = Atomic(false)
    let removed = Atomic(0)
    let collecting = Thread {
      while !isDone.load(ordering: .relaxed) {
        removed.add((try? node.collector.collectNow().removed) ?? 0, ordering: .relaxed)
      }
    }
    collecting.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          var random = SeededGenerator(seed: UInt64(task))
          let directory = try node.tree.create(
            EntryName("t\(task)"), in: 1, attributes: .at(1), content: .directory(subdirectories: 0))
          for step in 0..<150 {
            let name = EntryName("f\(Int.random(in: 0..<20, using: &random))")
            let lease = node.blockstore.beginLease()
            defer { lease.end() }
            // Few contents, so that what is garbage is stored again while it is swept.
            let bytes = Self.bytes(2000, seed: UInt64.random(in: 0..<30, using: &random))
            let root = try await Self.importSmallLeaves(bytes, in: node)
            if let old = try node.tree.lookup(name, in: directory.inode) {
              if step % 3 == 0 {
                _ = try node.tree.remove(name, in: directory.inode, as: .nonDirectory, at: .at(2))
                node.tree.forget(old.inode)
              } else {
                try node.tree.update(old.inode, NodeChange(content: FileContent(root)))
              }
            } else {
              _ = try node.tree.create(
                name, in: directory.inode, attributes: .at(1), content: .file(FileContent(root)))
            }
            if step % 10 == task { _ = try await node.tree.commit() }
            if step % 25 == 0 { try await node.pins.add(root.cid, kind: .recursive) }
            if step % 25 == 24, let pin = try node.pins.list().randomElement(using: &random) {
              try? await node.pins.remove(pin.cid)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    isDone.store(true, ordering: .relaxed)
    while !collecting.isFinished { try await Task.sleep(for: .milliseconds(5)) }
    #expect(removed.load(ordering: .relaxed) > 0)
    _ = try await node.tree.commit()
    #expect(try await node.verify().isEmpty)
    try node.collector.collectNow()
    #expect(try await node.verify().isEmpty)
    try await node.close()
  }

  /// A block that cannot be read may be sound: nothing goes then. One that is lost for sure keeps nobody from
  /// collecting.
  @Test func unreadableBlocks() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let root = try await Self.importSmallLeaves(Self.bytes(5000, seed: 1), in: node)
    try await node.pins.add(root.cid, kind: .recursive)
    let garbage = try Self.put([1, 2, 3], in: node)
    let inner = try #require(try Self.blocks(of: root.cid, in: node).dropFirst().first { $0.codec == .dagPB })
    let below = try Self.blocks(of: inner, in: node).count - 1
    let path = Self.file(of: inner, in: repo)
    try FileManager.default.moveItem(atPath: path, toPath: "\(path).away")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    do {
      try node.collector.collectNow()
      Issue.record("an unreadable block was passed over")
    } catch {
      #expect(error.code == .inputOutput)
    }
    #expect(node.blockstore.has(garbage))
    try FileManager.default.removeItem(atPath: path)
    // The leaves below it go with it.
    #expect(try node.collector.collectNow().removed == 1 + below)
    #expect(!node.blockstore.has(garbage))
    let missing = try await node.verify()
    #expect(missing == [.missingPinned(inner, pin: root.cid)])
    try await node.close()
  }

  /// What is put again while it is garbage is there afterwards, and can be read though it was open before.
  @Test func removedBlocksComeBack() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let bytes = Self.bytes(100_000, seed: 5)
    let cid = try Self.put(bytes, in: node)
    var page = [UInt8](repeating: 0, count: 4096)
    func read() throws { try page.withUnsafeMutableBytes { try node.blockstore.read(cid, at: 4096, into: $0) } }
    try read()
    try node.collector.collectNow()
    #expect(!node.blockstore.has(cid))
    #expect(throws: BlockError.self) { try read() }
    _ = try Self.put(bytes, in: node)
    try read()
    #expect(page == Array(bytes[4096..<8192]))
    try await node.close()
  }

  /// Much garbage goes unasked.
  @Test func collectsByItself() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let file = try node.tree.create("f", in: 1, attributes: .at(1), content: .file(.empty))
    var last: DAGRoot?
    for round in 0..<20 {
      let lease = node.blockstore.beginLease()
      defer { lease.end() }
      let bytes = Self.bytes(10_000, seed: UInt64(round))
      // Twelve MiB: a few bytes that differ make a new chunk of each.
      var content: [UInt8] = []
      for _ in 0..<1250 { content += bytes }
      let root = try await importFile(content, profile: .unixfsV1_2025, to: node.blockstore)
      try node.tree.update(file.inode, NodeChange(content: FileContent(root)))
      last = root
    }
    try node.tree.checkpointNow()
    let deadline = ContinuousClock.now + .seconds(120)
    while node.collector.totals.runs == 0, .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
    #expect(node.collector.totals.bytes > 50 << 20)
    #expect(try Self.blocks(of: #require(last).cid, in: node).allSatisfy { node.blockstore.has($0) })
    try await node.close()
  }
}

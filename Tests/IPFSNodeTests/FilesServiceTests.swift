import Foundation
import IPFSNode
import IPLD
import Multiformats
import Synchronization
import TestSupport
import Testing
import UnixFS

extension FilesService {
  /// Writes bytes to a path, in pieces.
  func write(_ bytes: [UInt8], to path: String, _ options: WriteOptions) async throws {
    try await write(try TreePath(path), options) { writing in
      var rest = bytes[...]
      while !rest.isEmpty {
        rest = rest.dropFirst(rest.prefix(777).withUnsafeBytes { writing.take($0) })
        try await writing.storeChunk()
      }
    }
  }

  func write(_ text: String, to path: String) async throws {
    var options = WriteOptions(profile: profile)
    options.creates = true
    options.truncates = true
    try await write(Array(text.utf8), to: path, options)
  }

  func content(of path: String) async throws -> [UInt8] {
    let file = try await open(try TreePath(path))
    defer { file.close() }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(file.reader.size), alignment: 1)
    defer { buffer.deallocate() }
    #expect(try await file.reader.read(at: 0, into: buffer) == buffer.count)
    return Array(buffer)
  }

  func status(of path: String) async throws -> RootStatus {
    try await status(of: root(of: try TreePath(path)).cid)
  }
}

/// A node in a folder of its own.
func withNode(_ profile: ImportProfile = .unixfsV1_2025, _ body: (Node) async throws -> Void) async throws {
  let repo = try TemporaryRepo()
  let node = try repo.open(Node.Options(profile: profile))
  try await body(node)
  try await node.close()
}

@Suite struct FilesServiceTests {
  /// Profiles with small chunks, of every kind.
  static func profiles() throws -> [ImportProfile] {
    func make(
      _ chunker: ImportProfile.Chunker, _ layout: ImportProfile.Layout = .balanced, _ version: CID.Version = .v1,
      inline: Int? = nil, raw: Bool = true
    ) throws -> ImportProfile {
      try ImportProfile(
        chunker: chunker, layout: layout, cidVersion: version, inlineLimit: inline, rawLeaves: raw, maxFileLinks: 4,
        sharding: .init(estimate: .block))
    }
    return [
      try make(.fixed(256)), try make(.fixed(256), .balanced, .v0, raw: false), try make(.fixed(300), .trickle),
      try make(.rabin(minimum: 64, average: 128, maximum: 512)), try make(.fixed(100), inline: 32),
    ]
  }

  /// After any writes a file has the CID that adding its bytes gives it.
  @Test(arguments: 0..<5)
  func writtenFilesHaveTheCIDOfAddedOnes(_ index: Int) async throws {
    let profile = try Self.profiles()[index]
    try await withNode(profile) { node in
      var random = SeededGenerator(seed: UInt64(index) + 100)
      var model: [UInt8] = []
      for step in 0..<120 {
        var options = WriteOptions(profile: profile)
        options.creates = true
        options.truncates = Int.random(in: 0..<15, using: &random) == 0
        let limit = Bool.random(using: &random) ? model.count : 6000
        let offset = Int.random(in: 0...max(limit, 1), using: &random)
        options.offset = UInt64(offset)
        let count = Int.random(in: 0...3 << (Int.random(in: 0...10, using: &random)), using: &random)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...3, using: &random) }
        try await node.files.write(bytes, to: "/f", options)
        if options.truncates { model = [] }
        if !bytes.isEmpty {
          if model.count < offset + count { model += [UInt8](repeating: 0, count: offset + count - model.count) }
          model.replaceSubrange(offset..<offset + count, with: bytes)
        }
        let expected = try await importFile(model, profile: profile, to: MemoryBlockStore())
        let root = try await node.files.root(of: TreePath("/f"))
        #expect(root == expected, "step \(step): \(count) bytes at \(offset)")
        #expect(try await node.files.content(of: "/f") == model)
        if step == 60 { try node.tree.checkpointNow() }
      }
      #expect(try await node.verify() == [])
    }
  }

  /// A file keeps the form that it has, whatever the node's profile.
  @Test func writesKeepTheFormOfAFile() async throws {
    let old = try Self.profiles()[1]
    try await withNode(try Self.profiles()[0]) { node in
      let bytes = data(5000, seed: "a")
      let lease = node.blockstore.beginLease()
      let root = try await importFile(bytes, profile: old, to: node.blockstore)
      try await node.files.put(root.cid, at: TreePath("/f"), force: false)
      lease.end()
      var options = WriteOptions(profile: node.profile)
      options.offset = 4990
      try await node.files.write(Array("appended bytes".utf8), to: "/f", options)
      let expected = try await importFile(
        bytes[..<4990] + Array("appended bytes".utf8), profile: old, to: MemoryBlockStore())
      #expect(try await node.files.root(of: TreePath("/f")) == expected)
    }
  }

  @Test func aSmallWriteToALargeFileStoresFewBlocks() async throws {
    try await withNode(try Self.profiles()[0]) { node in
      let bytes = data(256 * 4000, seed: "large")
      var options = WriteOptions(profile: node.profile)
      options.creates = true
      try await node.files.write(bytes, to: "/large", options)
      let before = node.statistics.blocksWritten
      options.offset = 256 * 1000 + 17
      try await node.files.write([1, 2, 3], to: "/large", options)
      // A leaf and the nodes above it.
      #expect(node.statistics.blocksWritten - before <= 8)
      // Far beyond its end: zeros cost a node a level.
      options.offset = 1 << 40
      try await node.files.write([4], to: "/large", options)
      #expect(node.statistics.blocksWritten - before <= 120)
      #expect(try await node.files.status(of: "/large").size == 1 << 40 + 1)
    }
  }

  @Test func concurrentWritersLoseNothing() async throws {
    try await withNode(try Self.profiles()[0]) { node in
      let writers = 24
      let steps = 8
      // A collection has enough to look at that files change meanwhile.
      for index in 0..<3000 {
        _ = try node.tree.create(
          EntryName("empty-\(index)"), in: 1, attributes: .at(1), content: .file(.empty))
      }
      let old = data(100_000, seed: "shared")
      try await node.files.write("", to: "/shared")
      var options = WriteOptions(profile: node.profile)
      options.offset = UInt64(writers * steps * 100)
      try await node.files.write(old, to: "/shared", options)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<writers {
          group.addTask {
            for step in 0..<steps {
              var options = WriteOptions(profile: node.profile)
              options.offset = UInt64(step * writers + writer) * 100
              try await node.files.write([UInt8](repeating: UInt8(writer + 1), count: 100), to: "/shared", options)
            }
          }
        }
        for index in 0..<4 {
          group.addTask {
            for step in 0..<20 {
              try await node.files.makeDirectory(TreePath("/d\(index)/e\(step)"), parents: true)
              try await node.files.remove(TreePath("/d\(index)"), recursive: true)
              _ = try await node.files.content(of: "/shared")
            }
          }
        }
        group.addTask { for _ in 0..<30 { try await node.collector.collect { _ in } } }
        try await group.waitForAll()
      }
      let expected = (0..<steps).flatMap { _ in
        (0..<writers).flatMap { [UInt8](repeating: UInt8($0 + 1), count: 100) }
      }
      #expect(try await node.files.content(of: "/shared") == expected + old)
      #expect(try await node.verify() == [])
    }
  }

  @Test func aWriteIsANewNodeInThePlaceOfTheOldOne() async throws {
    try await withNode { node in
      try await node.files.write("old", to: "/f")
      let observer = Observer(of: node.tree)
      node.tree.attach(observer: observer)
      let old = try #require(try node.tree.lookup("f", in: 1))
      try node.tree.update(old.inode, NodeChange(mode: 0o640, extendedAttributes: ["user.a": [1]]))
      try await node.files.write("new", to: "/f")
      let new = try #require(try node.tree.lookup("f", in: 1))
      #expect(new.inode != old.inode)
      #expect(new.attributes.mode == 0o640)
      #expect(new.extendedAttributes == ["user.a": [1]])
      // It is the observer's to forget.
      #expect(try node.tree.record(old.inode).parent == 0)
      #expect(try node.tree.record(old.inode).content == old.content)
      #expect(observer.changes == ["entry f in 1", "orphaned [\(old.inode)]"])
      #expect(observer.settled.contains(old.inode))
      observer.clear()

      try await node.files.makeDirectory(TreePath("/d/e"), parents: true)
      try await node.files.move(TreePath("/f"), to: TreePath("/d/e/g"))
      try await node.files.setMode(0o600, of: TreePath("/d/e/g"))
      try await node.files.remove(TreePath("/d"), recursive: true)
      let changes = observer.changes
      #expect(changes.count == 7)
      #expect(changes[0] == "entry d in 1")
      #expect(changes[2...3] == ["entry f in 1", "entry g in \(new.inode + 2)"])
      #expect(changes[4] == "attributes of \(new.inode): 600")
      #expect(changes[5] == "entry d in 1")
      #expect(changes[6] == "orphaned \([new.inode + 1, new.inode + 2, new.inode])")
      // Without one, nobody needs what has no name.
      node.tree.attach(observer: nil)
      try await node.files.write("a", to: "/h")
      let first = try #require(try node.tree.lookup("h", in: 1))
      try await node.files.write("b", to: "/h")
      #expect(throws: NodeError.self) { try node.tree.record(first.inode) }
    }
  }

  /// A write that a mount has not told of yet is neither missed nor undone.
  @Test func whatAMountWritesMeanwhileStays() async throws {
    try await withNode(try Self.profiles()[0]) { node in
      try await node.files.write("0123456789", to: "/f")
      let inode = try #require(try node.tree.lookup("f", in: 1)).inode
      let observer = Observer(of: node.tree) { inode in
        // As a mount commits what it had.
        let root = try await importFile(Array("abcdefghij".utf8), profile: node.profile, to: node.blockstore)
        _ = try? node.tree.update(inode, NodeChange(content: FileContent(root)))
      }
      node.tree.attach(observer: observer)
      var options = WriteOptions(profile: node.profile)
      options.offset = 3
      try await node.files.write(Array("XYZ".utf8), to: "/f", options)
      node.tree.attach(observer: nil)
      #expect(try await node.files.content(of: "/f") == Array("abcXYZghij".utf8))
      #expect(observer.settled.contains(inode))
    }
  }

  @Test func formsAndMetadataOfDirectoriesStay() async throws {
    let repo = try TemporaryRepo()
    var node = try repo.open()
    let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 5)
    try await node.files.makeDirectory(
      TreePath("/d"), form: DirectoryForm(cidVersion: .v0, metadata: UnixFSMetadata(mode: 0o700)))
    try await node.files.makeDirectory(TreePath("/e"))
    try await node.files.setForm(of: TreePath("/e"), cidVersion: .v1, hashFunction: .blake2b_256)
    try await node.files.setModificationTime(time, of: TreePath("/"))
    try await node.files.write("x", to: "/d/f")
    func check(_ node: Node) async throws {
      let d = try await node.files.status(of: "/d")
      #expect(d.cid.version == .v0)
      #expect(d.mode == 0o700)
      #expect(d.mtime == nil)
      #expect(try await node.files.status(of: "/e").cid.hashFunction == .blake2b_256)
      #expect(try await node.files.status(of: "/").mtime == time)
      #expect(try node.tree.lookup("d", in: 1)?.attributes.mode == 0o700)
    }
    try await check(node)
    let survivor = try node.tree.betweenCheckpoints { try TemporaryRepo(crashOf: repo) }
    let second = try survivor.open()
    try await check(second)
    try await second.close()
    try await node.close()
    node = try repo.open()
    try await check(node)
    // What changes below changes neither.
    try await node.files.write("y", to: "/d/g")
    try await check(node)
    try await node.files.setMode(0, of: TreePath("/d"))
    #expect(try await node.files.status(of: "/d").mode == nil)
    try await node.close()
  }

  @Test func metadataOfFilesIsStored() async throws {
    try await withNode { node in
      try await node.files.write("hello", to: "/f")
      let raw = try await node.files.status(of: "/f").cid
      try await node.files.setMode(0o755, of: TreePath("/f"))
      var status = try await node.files.status(of: "/f")
      #expect(raw.codec == .raw)
      #expect(status.cid.version == .v0)
      #expect(status.mode == 0o755)
      #expect(try await node.files.content(of: "/f") == Array("hello".utf8))
      try await node.files.setModificationTime(Timestamp(seconds: 5), of: TreePath("/f"))
      #expect(try await node.files.status(of: "/f").mtime == Timestamp(seconds: 5))
      #expect(try node.tree.lookup("f", in: 1)?.attributes.mtime == Timestamp(seconds: 5))
      // A write keeps the mode, and is a modification.
      try await node.files.write("good bye", to: "/f")
      status = try await node.files.status(of: "/f")
      #expect(status.mode == 0o755)
      #expect(try #require(status.mtime) > Timestamp(seconds: 1_000_000_000))
      #expect(try await node.files.content(of: "/f") == Array("good bye".utf8))
    }
  }

  @Test(arguments: [5, 200_000])
  func aTreeGoesInOneStep(residentNodes: Int) async throws {
    try await withNode { node in
      node.tree.limitResidentNodes(to: residentNodes)
      for index in 0..<60 { try await node.files.makeDirectory(TreePath("/d/\(index % 7)/\(index)"), parents: true) }
      try await node.files.write("x", to: "/d/3/f")
      try node.tree.checkpointNow()
      try await node.files.write("y", to: "/d/4/g")
      try await node.files.remove(TreePath("/d"), recursive: true)
      #expect(try node.tree.children(of: 1) == [])
      try node.tree.checkpointNow()
      #expect(try await node.verify() == [])
      #expect(node.tree.residentNodes == 1)
      let empty = try await node.files.root(of: TreePath("/"))
      #expect(try await node.files.status(of: empty.cid).links == 0)
    }
  }

  /// What is read stays until it has been read.
  @Test func aFileThatIsReadIsNotCollected() async throws {
    try await withNode(try Self.profiles()[0]) { node in
      let bytes = data(20_000, seed: "read")
      var options = WriteOptions(profile: node.profile)
      options.creates = true
      try await node.files.write(bytes, to: "/f", options)
      let root = try await node.files.root(of: TreePath("/f"))
      let file = try await node.files.open(TreePath("/f"))
      try await node.files.remove(TreePath("/f"), recursive: false)
      let removed = Mutex<Set<CID>>([])
      try await node.collector.collect(removed: { cid in removed.withLock { _ = $0.insert(cid) } }, { _ in })
      #expect(try await node.files.locality(of: root.cid).isComplete)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { buffer.deallocate() }
      #expect(try await file.reader.read(at: 0, into: buffer) == bytes.count)
      #expect(Array(buffer) == bytes)
      file.close()
      let progress = try await node.collector.collect(
        removed: { cid in removed.withLock { _ = $0.insert(cid) } }, { _ in })
      #expect(progress.removed > 0)
      #expect(!node.blockstore.has(root.cid))
      let rawRoot = try CID(version: .v1, codec: .raw, multihash: root.cid.multihash)
      #expect(removed.withLock { $0.contains(rawRoot) })
    }
  }

  @Test func localityIsThatOfWhatIsHere() async throws {
    try await withNode(try Self.profiles()[0]) { node in
      // Chunks that are all the same are counted each time.
      var options = WriteOptions(profile: node.profile)
      options.creates = true
      try await node.files.write([UInt8](repeating: 7, count: 256 * 64), to: "/same", options)
      let status = try await node.files.status(of: "/same")
      let locality = try await node.files.locality(of: status.cid)
      #expect(locality.isComplete)
      #expect(locality.bytes == status.cumulativeSize)
      let leaf = [UInt8](repeating: 7, count: 256).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
      #expect(node.blockstore.removeDamaged(leaf) == false)
    }
  }

  @Test(
    arguments: [
      ("", "paths must not be empty"), ("a", "paths must start with a leading slash"),
      ("/" + String(repeating: "a/", count: 3000), "a path of 3000 names: at most 2048"),
    ])
  func pathsThatAreNone(_ text: String, _ message: String) {
    #expect { try TreePath(text) } throws: { ($0 as? FilesError)?.message == message }
  }

  @Test func pathsAreCleaned() throws {
    #expect(try TreePath("/a//./b/../c/").description == "/a/c/")
    #expect(try TreePath("/..").isRoot)
    #expect(try TreePath("/").description == "/")
  }

  @Test func longNamesAreRefused() async throws {
    try await withNode { node in
      let path = try TreePath("/" + String(repeating: "x", count: 65_000))
      await #expect(throws: NodeError.self) { try await node.files.makeDirectory(path) }
      await #expect(throws: FilesError.self) { try await node.files.root(of: path) }
    }
  }
}

/// Writes down what it is told.
private final class Observer: TreeObserver {
  private let tree: MFS
  private let onSettle: @Sendable (InodeNumber) async throws -> Void
  private let state = Mutex<(changes: [String], settled: [InodeNumber])>(([], []))

  init(of tree: MFS, onSettle: @escaping @Sendable (InodeNumber) async throws -> Void = { _ in }) {
    self.tree = tree
    self.onSettle = onSettle
  }

  var changes: [String] { state.withLock { $0.changes } }
  var settled: [InodeNumber] { state.withLock { $0.settled } }
  func clear() { state.withLock { $0 = ([], []) } }

  func settle(_ inode: InodeNumber) async throws {
    let isFirst = state.withLock { state in
      defer { state.settled.append(inode) }
      return !state.settled.contains(inode)
    }
    if isFirst { try await onSettle(inode) }
  }

  func note(_ changes: [TreeChange]) async {
    let texts = changes.map { change in
      switch change {
      case .entry(let name, let directory): "entry \(name) in \(directory)"
      case .attributes(let record): "attributes of \(record.inode): \(String(record.attributes.mode, radix: 8))"
      case .orphaned(let inodes): "orphaned \(inodes)"
      }
    }
    state.withLock { $0.changes += texts }
  }
}

import IPFSNode
import Multiformats
import Testing
import UnixFS

@Suite struct TreeTests {
  private static func code(_ body: () throws -> Void) -> NodeError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? NodeError)?.code
    }
  }

  /// Random calls give what a simple model gives, also after the node is closed and opened, after it is killed (a
  /// second node on a copy of its folder), and with checkpoints in the middle.
  /// The same holds where hardly any node may stay in memory.
  @Test(arguments: 1...4 as ClosedRange<UInt64>, [5, 200_000])
  func randomCallsDoWhatTheModelDoes(seed: UInt64, residentNodes: Int) async throws {
    let repo = try TemporaryRepo()
    var node = try repo.open()
    node.tree.limitResidentNodes(to: residentNodes)
    var operations = try RandomOperations(seed: seed, on: node.tree)
    for round in 0..<12 {
      for _ in 0..<150 {
        if let difference = try operations.step(on: node.tree) {
          Issue.record("seed \(seed), round \(round): \(difference)")
          return
        }
      }
      #expect(try TreeModel(reading: node.tree) == operations.model)
      let uncommitted = operations.model.nodes.values.filter {
        if case .file(let file) = $0.content { !file.isCommitted } else { false }
      }
      #expect(try node.tree.uncommittedFiles().map(\.inode) == uncommitted.map(\.inode).sorted())
      switch round % 4 {
      case 0:
        try node.tree.checkpointNow()
      case 1:
        let crashed = try node.tree.betweenCheckpoints { try TemporaryRepo(crashOf: repo) }
        let survivor = try crashed.open()
        #expect(try TreeModel(reading: survivor.tree) == operations.model)
        #expect(try survivor.tree.uncommittedFiles().count == uncommitted.count)
        try await survivor.close()
      case 2:
        try await node.close()
        node = try repo.open()
        node.tree.limitResidentNodes(to: residentNodes)
      default:
        _ = try await node.tree.commit()
      }
      #expect(try TreeModel(reading: node.tree) == operations.model)
    }
    // Every kind of outcome was met, or the test proves little.
    let met = Set(operations.outcomes.keys)
    #expect(met.isSuperset(of: [nil, .exists, .notDirectory, .isDirectory, .notEmpty, .invalid]))
    try await node.close()
  }

  @Test func cleanDirectoriesAreEvicted() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let tree = node.tree
    tree.limitResidentNodes(to: 100)
    try tree.betweenCheckpoints {
      for directory in 0..<60 {
        let parent = try tree.create(
          EntryName("d\(directory)"), in: 1, attributes: .at(1), content: .directory(subdirectories: 0))
        for file in 0..<20 {
          _ = try tree.create(EntryName("f\(file)"), in: parent.inode, attributes: .at(1), content: .file(.empty))
        }
      }
      // Nothing that the database has yet to be told can go.
      #expect(tree.residentNodes == 1261)
    }
    _ = try await tree.commit()
    try tree.checkpointNow()
    let directories = try tree.children(of: 1)
    for directory in directories { #expect(try tree.children(of: directory).count == 20) }
    #expect(try TreeModel(reading: tree).nodes.count == 1261)
    // What is evicted is found again by its number alone.
    let file = try tree.children(of: directories[0])[0]
    for directory in directories.dropFirst() { _ = try tree.children(of: directory) }
    #expect(try tree.record(file).parent == directories[0])
    #expect(tree.residentNodes < 500)
    try await node.close()
  }

  @Test func inodeNumbersAreNeverGivenAgain() async throws {
    let repo = try TemporaryRepo()
    var last = NodeRecord.root
    for round in 0..<4 {
      let node = try repo.open()
      for _ in 0..<3 {
        let record = try node.tree.create("a", in: 1, attributes: .at(1), content: .file(.empty))
        #expect(record.inode > last)
        last = record.inode
        node.tree.forget(try node.tree.remove("a", in: 1, as: .nonDirectory, at: .at(2)).inode)
        if round == 1 { try node.tree.checkpointNow() }
      }
      try await node.close()
    }
  }

  @Test func anUnlinkedNodeLivesUntilItIsForgotten() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let tree = node.tree
    let file = try tree.create("a", in: 1, attributes: .at(1), content: .file(.empty))
    let removed = try tree.remove("a", in: 1, as: .nonDirectory, at: .at(9))
    #expect(removed.parent == 0)
    #expect(removed.attributes.ctime == .at(9))
    try tree.checkpointNow()
    #expect(try tree.update(file.inode, NodeChange(mode: 0o600)).attributes.mode == 0o600)
    #expect(try tree.record(file.inode).attributes.mode == 0o600)
    tree.forget(file.inode)
    #expect(Self.code { _ = try tree.record(file.inode) } == .notFound)

    let directory = try tree.create("d", in: 1, attributes: .at(1), content: .directory(subdirectories: 0))
    _ = try tree.remove("d", in: 1, as: .directory, at: .at(2))
    #expect(try tree.children(of: directory.inode).isEmpty)
    #expect(
      Self.code { _ = try tree.create("x", in: directory.inode, attributes: .at(3), content: .file(.empty)) }
        == .notFound)
    // A node in the tree is not forgotten.
    tree.forget(NodeRecord.root)
    #expect(try tree.record(NodeRecord.root).inode == NodeRecord.root)
    try await node.close()
  }

  @Test func namesThatNoFileSystemCanShowAreRefused() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    func create(_ name: EntryName) -> NodeError.Code? {
      Self.code { _ = try node.tree.create(name, in: 1, attributes: .at(1), content: .file(.empty)) }
    }
    #expect(create(EntryName(String(repeating: "n", count: 256))) == .nameTooLong)
    #expect(create(EntryName(String(repeating: "n", count: 255))) == nil)
    for name in ["", ".", "..", "a/b", "a\0"] as [EntryName] { #expect(create(name) == .invalid) }
    try await node.close()
  }

  @Test func rootStays() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    #expect(try node.tree.record(1).parent == 0)
    #expect(try node.tree.update(1, NodeChange(mode: 0o700)).attributes.mode == 0o700)
    try await node.close()
    let again = try repo.open()
    #expect(try again.tree.record(1).attributes.mode == 0o700)
    try await again.close()
  }
}

import IPFSFileSystem
import IPFSNode
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Random operations against a model in memory: the same contents, attributes and errors; and after each remount the
/// CIDs of the model's bytes.
@Suite struct RandomOperationTests {
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func smallChunks(seed: UInt64) async throws {
    var run = try await RandomRun(seed: seed, profile: .small(), largestFile: 9000, largestWrite: 900)
    for _ in 0..<6 {
      for _ in 0..<400 { try await run.step() }
      try await run.remount()
    }
    try await run.mount.end()
  }

  /// Content-defined chunkers, the trickle layout and the rest of the import options.
  @Test(arguments: Array(ImportProfile.unusual.enumerated()).map { (UInt64($0.offset), $0.element) })
  func unusualOptions(seed: UInt64, profile: ImportProfile) async throws {
    var run = try await RandomRun(seed: seed, profile: profile, largestFile: 40_000, largestWrite: 5000)
    for _ in 0..<3 {
      for _ in 0..<250 { try await run.step() }
      try await run.remount()
    }
    try await run.mount.end()
  }

  @Test(arguments: 1...2 as ClosedRange<UInt64>)
  func standardChunks(seed: UInt64) async throws {
    var run = try await RandomRun(seed: seed, profile: .unixfsV1_2025, largestFile: 5 << 20, largestWrite: 1_500_000)
    for _ in 0..<3 {
      for _ in 0..<120 { try await run.step() }
      try await run.remount()
    }
    try await run.mount.end()
  }
}

/// A node of the model.
private final class ModelNode {
  let kind: NodeKind
  var node: NodeID
  var content: [UInt8] = []
  var children: [EntryName: ModelNode] = [:]
  var mode: UInt16
  var mtime: Timestamp?
  /// Lookups that the kernel would have to forget.
  var lookups: UInt64 = 1
  var handles = 0

  init(_ status: NodeStatus) {
    kind = status.kind
    node = status.node
    mode = status.attributes.mode
  }

  func contains(_ other: ModelNode) -> Bool {
    self === other || children.values.contains { $0.contains(other) }
  }
}

/// One sequence of random operations, on a file system and on the model.
private struct RandomRun {
  var mount: TestMount
  private var random: SeededGenerator
  private let largestFile: Int
  private let largestWrite: Int
  private var root: ModelNode
  private var open: [ModelNode] = []

  private static let names: [EntryName] = ["a", "b", "c", "d", "e", "ä", "a longer name, to fill shards sooner"]

  init(seed: UInt64, profile: ImportProfile, largestFile: Int, largestWrite: Int) async throws {
    mount = try await TestMount(profile)
    random = SeededGenerator(seed: seed)
    self.largestFile = largestFile
    self.largestWrite = largestWrite
    root = ModelNode(try await mount.fileSystem.status(of: NodeRecord.root))
  }

  // MARK: Steps

  mutating func step() async throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<10: try await create(.file)
    case 10..<13: try await create(.directory)
    case 13..<15: try await create(.symlink)
    case 15..<21: try await openFile()
    case 21..<48: try await write()
    case 48..<58: try await truncate()
    case 58..<70: try await read()
    case 70..<75: try await flush()
    case 75..<80: try await close()
    case 80..<85: try await remove()
    case 85..<90: try await rename()
    case 90..<94: try await setAttributes()
    case 94..<96: try await list()
    case 96..<98: try await checkCID()
    case 98..<99: if Int.random(in: 0..<3, using: &random) == 0 { try await crash() }
    default: try await shrinkToNothing()
    }
  }

  private mutating func create(_ kind: NodeKind) async throws {
    let directory = pick(directories)
    let name = pick(Self.names)
    let fileSystem = mount.fileSystem
    let make: () async throws(FileSystemError) -> NodeStatus = { () async throws(FileSystemError) in
      switch kind {
      case .file: try await fileSystem.makeFile(name, in: directory.node, mode: 0o644, caller: TestMount.user)
      case .directory:
        try await fileSystem.makeDirectory(name, in: directory.node, mode: 0o755, caller: TestMount.user)
      case .symlink:
        try await fileSystem.makeSymlink(name, to: name.bytes, in: directory.node, caller: TestMount.user)
      }
    }
    if directory.children[name] != nil {
      #expect(await errorCode(of: make) == .exists)
      return
    }
    let node = ModelNode(try await make())
    if kind == .symlink { node.content = name.bytes }
    directory.children[name] = node
    if kind == .file { try await open(node) }
  }

  private mutating func openFile() async throws {
    guard let file = files.randomElement(using: &random) else { return }
    try await open(file)
  }

  private mutating func open(_ file: ModelNode) async throws {
    guard open.count < 8 else { return }
    try await mount.fileSystem.open(file.node, isWritable: true)
    file.handles += 1
    open.append(file)
  }

  private mutating func write() async throws {
    guard let file = open.randomElement(using: &random) else { return }
    let chunk = mount.profile.chunkSize
    var offset = Int.random(in: 0...min(largestFile, file.content.count * 5 / 4 + 100), using: &random)
    var count = Int.random(in: 1...largestWrite, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: offset = offset / chunk * chunk
    case 1: (offset, count) = (offset / chunk * chunk, chunk)
    case 2: offset = max(0, (offset / chunk + 1) * chunk - count)
    case 3...4: offset = file.content.count
    case 5: count = min(count, 20)
    default: break
    }
    count = max(1, min(count, largestFile - offset))
    let bytes = data(count, seed: "\(random.next())")
    try await mount.write(file.node, at: UInt64(offset), bytes)
    if file.content.count < offset + count {
      file.content += [UInt8](repeating: 0, count: offset + count - file.content.count)
    }
    file.content.replaceSubrange(offset..<offset + count, with: bytes)
    file.mtime = nil
  }

  private mutating func truncate() async throws {
    guard let file = (open + files).randomElement(using: &random) else { return }
    let chunk = mount.profile.chunkSize
    var size = Int.random(in: 0...min(largestFile, file.content.count * 5 / 4 + 300), using: &random)
    if Bool.random(using: &random) { size = size / chunk * chunk }
    try await mount.truncate(file.node, to: UInt64(size), isOpen: file.handles > 0 && Bool.random(using: &random))
    file.content = Array(file.content.prefix(size))
    file.content += [UInt8](repeating: 0, count: size - file.content.count)
    file.mtime = nil
  }

  private mutating func shrinkToNothing() async throws {
    guard let file = open.randomElement(using: &random) else { return }
    try await mount.truncate(file.node, to: 0)
    file.content = []
    file.mtime = nil
  }

  private mutating func read() async throws {
    guard let file = open.randomElement(using: &random) else { return }
    let offset = Int.random(in: 0...file.content.count + 10, using: &random)
    let count = Int.random(in: 1...largestWrite * 2, using: &random)
    let expected = file.content.dropFirst(offset).prefix(count)
    #expect(try await mount.read(file.node, at: UInt64(offset), count: count) == Array(expected))
    #expect(try await mount.fileSystem.status(of: file.node).size == UInt64(file.content.count))
  }

  private mutating func flush() async throws {
    guard let file = open.randomElement(using: &random) else { return }
    if Int.random(in: 0..<4, using: &random) == 0 {
      try await mount.fileSystem.synchronize(file.node)
    } else {
      try await mount.fileSystem.flush(file.node)
    }
  }

  private mutating func close() async throws {
    guard let index = open.indices.randomElement(using: &random) else { return }
    try await close(at: index, flushes: Bool.random(using: &random))
  }

  private mutating func close(at index: Int, flushes: Bool) async throws {
    let file = open.remove(at: index)
    if flushes { try await mount.fileSystem.flush(file.node) }
    await mount.fileSystem.close(file.node, isWritable: true)
    file.handles -= 1
    if file.handles == 0, !root.contains(file) {
      await mount.fileSystem.forget(file.node, count: file.lookups)
    }
  }

  private mutating func remove() async throws {
    let directory = pick(directories)
    let name = pick(Self.names)
    let kind: RemovalKind = Int.random(in: 0..<3, using: &random) == 0 ? .directory : .nonDirectory
    let expected: FileSystemError.Code? =
      switch (directory.children[name], kind) {
      case (nil, _): .notFound
      case (let node?, .directory) where node.kind != .directory: .notDirectory
      case (let node?, .nonDirectory) where node.kind == .directory: .isDirectory
      case (let node?, .directory) where !node.children.isEmpty: .notEmpty
      default: nil
      }
    let fileSystem = mount.fileSystem
    let code = await errorCode { try await fileSystem.remove(name, in: directory.node, as: kind) }
    #expect(code == expected)
    if expected == nil, let removed = directory.children.removeValue(forKey: name) { await forget(removed) }
  }

  private mutating func rename() async throws {
    let (source, target) = (pick(directories), pick(directories))
    let (name, newName) = (pick(Self.names), pick(Self.names))
    let moved = source.children[name]
    let replaced = target.children[newName]
    var expected: FileSystemError.Code?
    if let moved {
      if moved === replaced {
        expected = nil
      } else if moved.contains(target) {
        expected = .invalidArgument
      } else if let replaced {
        if replaced.kind == .directory, moved.kind != .directory { expected = .isDirectory }
        if replaced.kind != .directory, moved.kind == .directory { expected = .notDirectory }
        if replaced.kind == .directory, moved.kind == .directory, !replaced.children.isEmpty { expected = .notEmpty }
      }
    } else {
      expected = .notFound
    }
    let fileSystem = mount.fileSystem
    let code = await errorCode {
      try await fileSystem.rename(name, in: source.node, to: newName, in: target.node)
    }
    #expect(code == expected, "\(name) to \(newName)")
    guard expected == nil, let moved, moved !== replaced else { return }
    source.children[name] = nil
    target.children[newName] = moved
    if let replaced { await forget(replaced) }
  }

  private func forget(_ removed: ModelNode) async {
    if removed.handles == 0 { await mount.fileSystem.forget(removed.node, count: removed.lookups) }
  }

  private mutating func setAttributes() async throws {
    guard let file = (open + files).randomElement(using: &random) else { return }
    var change = AttributeChange()
    if Bool.random(using: &random) {
      change.mode = UInt16.random(in: 0...0o777, using: &random)
      file.mode = change.mode ?? 0
    }
    if Bool.random(using: &random) {
      let time = Timestamp(
        seconds: .random(in: -10...2_000_000_000, using: &random), nanoseconds: .random(in: 0..<1000, using: &random))
      change.mtime = time
      file.mtime = time
    }
    let isOpen = file.handles > 0 && Bool.random(using: &random)
    try check(try await mount.fileSystem.setAttributes(of: file.node, change, isOpen: isOpen), is: file)
  }

  private mutating func list() async throws {
    let directory = pick(directories)
    #expect(try await names(in: directory) == directory.children.keys.sorted())
  }

  private func names(in directory: ModelNode) async throws -> [EntryName] {
    let handle = try await mount.fileSystem.openDirectory(directory.node)
    var names: [EntryName] = []
    try await mount.fileSystem.list(handle, from: 0) { entry in
      names.append(entry.name)
      return true
    }
    mount.fileSystem.closeDirectory(handle)
    #expect(names.prefix(2) == [".", ".."])
    return names.dropFirst(2).sorted()
  }

  private mutating func checkCID() async throws {
    guard let file = (open + files).randomElement(using: &random) else { return }
    let expected = try await mount.importedCID(file.content)
    #expect(try await mount.fileSystem.cid(of: file.node) == expected)
  }

  // MARK: Ends

  /// What was flushed is there after the process is killed.
  private mutating func crash() async throws {
    for file in open { try await mount.fileSystem.flush(file.node) }
    let crashed = try await mount.crashed()
    try await compare(root, NodeRecord.root, on: crashed)
    try await crashed.end()
  }

  mutating func remount() async throws {
    while !open.isEmpty { try await close(at: 0, flushes: false) }
    let expected = try await dag(of: root, in: MemoryBlockStore())
    #expect(try await mount.fileSystem.cid(of: NodeRecord.root) == expected.cid)
    #expect(mount.fileSystem.counts.files == 0)
    try await mount.fileSystem.synchronizeDirectory(NodeRecord.root)
    #expect(try mount.spoolFiles == [])
    mount = try await mount.remounted()
    root.node = NodeRecord.root
    try await compare(root, NodeRecord.root, on: mount, adopting: true)
  }

  /// Compares a tree with the model; the model's nodes take over the tree's ids if they are asked to.
  private func compare(
    _ model: ModelNode, _ node: NodeID, on mount: TestMount, adopting: Bool = false
  ) async throws {
    for (name, child) in model.children {
      let status = try await mount.fileSystem.lookup(name, in: node)
      try check(status, is: child)
      switch child.kind {
      case .file:
        #expect(try await mount.content(of: status.node) == child.content, "\(name)")
        #expect(try await mount.fileSystem.cid(of: status.node) == mount.importedCID(child.content), "\(name)")
      case .symlink: #expect(try await mount.fileSystem.readLink(status.node) == child.content)
      case .directory: try await compare(child, status.node, on: mount, adopting: adopting)
      }
      if adopting {
        child.node = status.node
        child.lookups = 1
      } else {
        await mount.fileSystem.forget(status.node, count: 1)
      }
    }
    let handle = try await mount.fileSystem.openDirectory(node)
    var count = 0
    try await mount.fileSystem.list(handle, from: 0) { _ in
      count += 1
      return true
    }
    mount.fileSystem.closeDirectory(handle)
    #expect(count == model.children.count + 2)
  }

  private func check(_ status: NodeStatus, is model: ModelNode) throws {
    #expect(status.kind == model.kind)
    #expect(status.attributes.mode == model.mode)
    if model.kind != .directory { #expect(status.size == UInt64(model.content.count)) }
    if let mtime = model.mtime { #expect(status.attributes.mtime == mtime) }
  }

  /// The DAG of a model's node, built from nothing.
  private func dag(of model: ModelNode, in store: MemoryBlockStore) async throws -> DAGRoot {
    switch model.kind {
    case .file: return try await importFile(model.content, profile: mount.profile, to: store)
    case .symlink: return try await Symlink.store(model.content, profile: mount.profile, to: store)
    case .directory:
      var entries: [DirectoryEntry] = []
      for (name, child) in model.children {
        let root = try await dag(of: child, in: store)
        entries.append(DirectoryEntry(name: name, cid: root.cid, tsize: root.tsize))
      }
      return try await DirectoryWriter(profile: mount.profile, store: store).build(entries).root
    }
  }

  // MARK: Choosing

  private var all: [ModelNode] {
    // In order of names: sets and dictionaries have another order in each process.
    func below(_ node: ModelNode) -> [ModelNode] {
      [node] + node.children.sorted { $0.key < $1.key }.flatMap { below($0.value) }
    }
    return below(root)
  }

  private var directories: [ModelNode] { all.filter { $0.kind == .directory } }
  private var files: [ModelNode] { all.filter { $0.kind == .file } }

  private mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: choices.indices, using: &random)]
  }
}

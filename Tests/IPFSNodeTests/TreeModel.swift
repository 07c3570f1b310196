import IPFSNode
import Multiformats
import UnixFS

/// The tree as simply as it can be said: a table of nodes, searched from end to end.
struct TreeModel: Equatable {
  var nodes: [InodeNumber: NodeRecord]

  init(root: NodeRecord) {
    nodes = [root.inode: root]
  }

  func child(_ name: EntryName, of directory: InodeNumber) -> NodeRecord? {
    nodes.values.first { $0.parent == directory && $0.name == name }
  }

  func children(of directory: InodeNumber) -> [NodeRecord] {
    nodes.values.filter { $0.parent == directory }.sorted { $0.inode < $1.inode }
  }

  private mutating func change(_ directory: InodeNumber, at time: Timestamp) {
    let count = children(of: directory).count { $0.kind == .directory }
    nodes[directory]?.attributes.mtime = time
    nodes[directory]?.attributes.ctime = time
    nodes[directory]?.content = .directory(subdirectories: UInt32(count))
  }

  mutating func create(_ record: NodeRecord) -> NodeError.Code? {
    guard let parent = nodes[record.parent] else { return .notFound }
    guard parent.kind == .directory else { return .notDirectory }
    guard child(record.name, of: record.parent) == nil else { return .exists }
    nodes[record.inode] = record
    change(record.parent, at: record.attributes.ctime)
    return nil
  }

  mutating func remove(
    _ name: EntryName, in directory: InodeNumber, as kind: RemovalKind, at time: Timestamp
  ) -> NodeError.Code? {
    guard nodes[directory]?.kind == .directory else { return .notDirectory }
    guard let node = child(name, of: directory) else { return .notFound }
    if kind == .directory, node.kind != .directory { return .notDirectory }
    if kind == .nonDirectory, node.kind == .directory { return .isDirectory }
    guard children(of: node.inode).isEmpty else { return .notEmpty }
    nodes[node.inode] = nil
    change(directory, at: time)
    return nil
  }

  mutating func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    canReplace: Bool, at time: Timestamp
  ) -> NodeError.Code? {
    guard nodes[directory]?.kind == .directory, nodes[newDirectory]?.kind == .directory else { return .notDirectory }
    guard var node = child(name, of: directory) else { return .notFound }
    let old = child(newName, of: newDirectory)
    if old != nil, !canReplace { return .exists }
    if old?.inode == node.inode { return nil }
    if isInside(newDirectory, node.inode) { return .invalid }
    if let old {
      if node.kind != .directory, old.kind == .directory { return .isDirectory }
      if node.kind == .directory, old.kind != .directory { return .notDirectory }
      guard children(of: old.inode).isEmpty else { return .notEmpty }
      nodes[old.inode] = nil
    }
    node.parent = newDirectory
    node.name = newName
    node.attributes.ctime = time
    nodes[node.inode] = node
    change(directory, at: time)
    change(newDirectory, at: time)
    return nil
  }

  mutating func exchange(
    _ name: EntryName, in directory: InodeNumber, with otherName: EntryName, in otherDirectory: InodeNumber,
    at time: Timestamp
  ) -> NodeError.Code? {
    guard nodes[directory]?.kind == .directory, nodes[otherDirectory]?.kind == .directory else { return .notDirectory }
    guard let node = child(name, of: directory), let other = child(otherName, of: otherDirectory) else {
      return .notFound
    }
    if node.inode == other.inode { return nil }
    if isInside(otherDirectory, node.inode) || isInside(directory, other.inode) { return .invalid }
    for (old, new) in [(node, other), (other, node)] {
      nodes[old.inode]?.parent = new.parent
      nodes[old.inode]?.name = new.name
      nodes[old.inode]?.attributes.ctime = time
    }
    change(directory, at: time)
    change(otherDirectory, at: time)
    return nil
  }

  /// Whether a directory is another node or in it.
  private func isInside(_ directory: InodeNumber, _ node: InodeNumber) -> Bool {
    var ancestor = directory
    while ancestor != 0 {
      if ancestor == node { return true }
      ancestor = nodes[ancestor]?.parent ?? 0
    }
    return false
  }

  mutating func update(_ inode: InodeNumber, _ change: NodeChange) -> NodeError.Code? {
    guard var node = nodes[inode] else { return .notFound }
    if change.content != nil, node.kind != .file { return node.kind == .directory ? .isDirectory : .invalid }
    change.apply(to: &node)
    nodes[inode] = node
    return nil
  }
}

/// Random calls, made on a tree and on the model alike.
struct RandomOperations {
  private var random: SeededGenerator
  private var time: Int64 = 1_700_000_000
  private(set) var model: TreeModel
  /// How often each outcome came; nil is success.
  private(set) var outcomes: [NodeError.Code?: Int] = [:]

  init(seed: UInt64, on tree: MFS) throws {
    random = SeededGenerator(seed: seed)
    model = TreeModel(root: try tree.record(NodeRecord.root))
  }

  /// Makes one call. Returns what the tree and the model said, if that differs.
  mutating func step(on tree: MFS) throws -> String? {
    time += 1
    let now = Timestamp(seconds: time, nanoseconds: UInt32.random(in: 0..<1_000_000_000, using: &random))
    let expected: NodeError.Code?
    let found: NodeError.Code?
    let call: String
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<40:
      let (name, directory) = (randomName(), randomNode())
      let attributes = Attributes(mode: UInt16(time & 0o7777), uid: 1, gid: 2, mtime: now, ctime: now)
      let (content, extended) = (randomContent(), randomExtendedAttributes())
      call = "create \(name) in \(directory)"
      var record: NodeRecord?
      found = try Self.code {
        record = try tree.create(
          name, in: directory, attributes: attributes, content: content, extendedAttributes: extended)
      }
      // The tree gives the number; the model checks that it is new.
      let inode = record?.inode ?? .max
      if model.nodes[inode] != nil { return "\(call) gave inode \(inode) twice" }
      expected = model.create(
        NodeRecord(
          inode: inode, parent: directory, name: name, attributes: attributes, content: content,
          extendedAttributes: extended))
    case 40..<55:
      let (name, directory) = randomEntry()
      let kind: RemovalKind = Bool.random(using: &random) ? .directory : .nonDirectory
      call = "remove \(name) in \(directory) as \(kind)"
      found = try Self.code {
        let removed = try tree.remove(name, in: directory, as: kind, at: now)
        if Bool.random(using: &random) { tree.forget(removed.inode) }
      }
      expected = model.remove(name, in: directory, as: kind, at: now)
    case 55..<65:
      let ((name, directory), (otherName, otherDirectory)) = (randomEntry(), randomEntry())
      call = "exchange \(name) in \(directory) with \(otherName) in \(otherDirectory)"
      found = try Self.code {
        try tree.exchange(name, in: directory, with: otherName, in: otherDirectory, at: now)
      }
      expected = model.exchange(name, in: directory, with: otherName, in: otherDirectory, at: now)
    case 65..<80:
      let (name, directory) = randomEntry()
      let (newName, newDirectory) = Bool.random(using: &random) ? randomEntry() : (randomName(), randomNode())
      let canReplace = Int.random(in: 0..<3, using: &random) > 0
      call = "rename \(name) in \(directory) to \(newName) in \(newDirectory)"
      found = try Self.code {
        let (_, replaced) = try tree.rename(
          name, in: directory, to: newName, in: newDirectory, canReplace: canReplace, at: now)
        if let replaced { tree.forget(replaced.inode) }
      }
      expected = model.rename(
        name, in: directory, to: newName, in: newDirectory, canReplace: canReplace, at: now)
    default:
      let inode = randomNode()
      var change = NodeChange(ctime: now)
      if Bool.random(using: &random) { change.mode = UInt16.random(in: 0...0o7777, using: &random) }
      if Bool.random(using: &random) { change.extendedAttributes = ["user.a": Bool.random(using: &random) ? [1] : nil] }
      if Bool.random(using: &random), case .file(let content) = randomContent() { change.content = content }
      call = "update \(inode)"
      found = try Self.code { try tree.update(inode, change) }
      expected = model.update(inode, change)
    }
    outcomes[expected, default: 0] += 1
    return found == expected
      ? nil : "\(call): \(found.map { "\($0)" } ?? "ok"), not \(expected.map { "\($0)" } ?? "ok")"
  }

  private static func code(_ body: () throws -> Void) throws -> NodeError.Code? {
    do {
      try body()
      return nil
    } catch let error as NodeError {
      return error.code
    }
  }

  private mutating func randomName() -> EntryName {
    EntryName(bytes: [UInt8.random(in: 0x61...0x68, using: &random), 0xC3])
  }

  private mutating func randomNode() -> InodeNumber {
    model.nodes.keys.sorted().randomElement(using: &random) ?? NodeRecord.root
  }

  /// Mostly one that is there.
  private mutating func randomEntry() -> (EntryName, InodeNumber) {
    guard let node = model.nodes[randomNode()], node.parent != 0 else { return (randomName(), randomNode()) }
    return (node.name, node.parent)
  }

  private mutating func randomContent() -> NodeContent {
    switch Int.random(in: 0..<5, using: &random) {
    case 0, 1: return .directory(subdirectories: 0)
    case 2: return .symlink(target: Array("to \(time)".utf8))
    case 3: return .file(.empty)
    default:
      let cid = withUnsafeBytes(of: time) { CID.sha256(of: $0, codec: .raw) }
      var file = FileContent(DAGRoot(cid: cid, size: 8, tsize: 8))
      if Bool.random(using: &random) {
        var map = ExtentMap(baseSize: 8)
        map.set(4..<20, .spool(origin: -3))
        file.size = 20
        file.pending = map
      }
      return .file(file)
    }
  }

  private mutating func randomExtendedAttributes() -> [EntryName: [UInt8]] {
    Bool.random(using: &random) ? [:] : ["user.x": [UInt8(truncatingIfNeeded: time)]]
  }
}

extension TreeModel {
  /// The tree as it tells of itself from the root, through every call that reads.
  init(reading tree: MFS) throws {
    self.init(root: try tree.record(NodeRecord.root))
    var directories = [NodeRecord.root]
    while let directory = directories.popLast() {
      let children = try tree.children(of: directory)
      for record in try tree.records(children[...], in: directory) {
        // A node that its name does not lead to is missing from the model.
        nodes[record.inode] = try tree.lookup(record.name, in: directory)
        if record.kind == .directory { directories.append(record.inode) }
      }
    }
  }
}

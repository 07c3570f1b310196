import Fuse
import Glibc
import Synchronization

/// A file system in memory, as small as the tests allow. Files with special names behave specially when they are read.
final class MemoryFileSystem: FuseOperations {
  struct Node {
    var attributes: FileAttributes
    var content: [UInt8] = []
    var target: [UInt8] = []
    var children: [[UInt8]: NodeID] = [:]
    var extendedAttributes: [[UInt8]: [UInt8]] = [:]
  }

  /// How often operations that the tests care for were called, and what they saw.
  struct Record {
    var calls: [String: Int] = [:]
    var wasCancelled = false
    var largestWrite = 0
    var lookups: [NodeID: Int] = [:]
  }

  struct State {
    var nodes: [NodeID: Node] = [:]
    var last: UInt64 = 1
    var record = Record()
  }

  let state: Mutex<State>
  /// What open answers with.
  let openOptions: OpenFile.Options
  /// How long the kernel may believe what it is told, in seconds.
  let timeout: Double

  init(openOptions: OpenFile.Options = [.keepCache], timeout: Double = 10) {
    self.openOptions = openOptions
    self.timeout = timeout
    var state = State()
    state.nodes[.root] = Node(attributes: Self.attributes(1, S_IFDIR | 0o755))
    self.state = Mutex(state)
  }

  var record: Record { state.withLock(\.record) }

  /// How often an operation was called. Looked up under the lock: the thread sanitizer does not see that a dictionary
  /// that somebody else has, too, is copied before it is changed.
  func count(of operation: String) -> Int { state.withLock { $0.record.calls[operation, default: 0] } }

  static func attributes(_ number: UInt64, _ mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0) -> FileAttributes {
    let now = FileTime(seconds: 1_700_000_000, nanoseconds: 123_456_789)
    return FileAttributes(
      inode: number, mode: mode, links: mode & S_IFMT == S_IFDIR ? 2 : 1, uid: uid, gid: gid, accessTime: now,
      modificationTime: now, changeTime: now)
  }

  private func with<Result: Sendable>(
    _ operation: String, _ body: (inout State) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    try state.withLock { state throws(Errno) -> Result in
      state.record.calls[operation, default: 0] += 1
      return try body(&state)
    }
  }

  private func add(
    _ operation: String, _ name: [UInt8], _ parent: NodeID, _ mode: UInt32, _ context: RequestContext,
    target: [UInt8] = []
  ) throws(Errno) -> Entry {
    try with(operation) { state throws(Errno) in
      guard state.nodes[parent]?.children[name] == nil else { throw .exists }
      state.last += 1
      let id = NodeID(rawValue: state.last)
      var node = Node(attributes: Self.attributes(state.last, mode, uid: context.uid, gid: context.gid))
      node.target = target
      node.attributes.size = UInt64(target.count)
      state.nodes[id] = node
      state.nodes[parent]?.children[name] = id
      return entry(id, node, &state)
    }
  }

  private func entry(_ id: NodeID, _ node: Node, _ state: inout State) -> Entry {
    state.record.lookups[id, default: 0] += 1
    return Entry(node: id, attributes: node.attributes, entryTimeout: timeout, attributesTimeout: timeout)
  }

  func lookup(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) -> Entry {
    try with("lookup") { state throws(Errno) in
      guard let id = state.nodes[parent]?.children[name], let node = state.nodes[id] else { throw .noEntry }
      return entry(id, node, &state)
    }
  }

  func forget(_ nodes: [ForgottenNode]) {
    state.withLock { state in
      for forgotten in nodes { state.record.lookups[forgotten.node, default: 0] -= Int(forgotten.lookups) }
    }
  }

  func getattr(_ node: NodeID, handle: FileHandle?, _ context: RequestContext) async throws(Errno) -> NodeAttributes {
    try with("getattr") { state throws(Errno) in
      guard let node = state.nodes[node] else { throw .stale }
      return NodeAttributes(node.attributes, timeout: timeout)
    }
  }

  func setattr(
    _ node: NodeID, _ changes: AttributeChanges, handle: FileHandle?, _ context: RequestContext
  ) async throws(Errno) -> NodeAttributes {
    try with("setattr") { state throws(Errno) in
      guard var changed = state.nodes[node] else { throw .stale }
      if let mode = changes.mode { changed.attributes.mode = mode }
      if let uid = changes.uid { changed.attributes.uid = uid }
      if let gid = changes.gid { changed.attributes.gid = gid }
      if let size = changes.size {
        if size < changed.content.count { changed.content.removeLast(changed.content.count - Int(size)) }
        changed.content += [UInt8](repeating: 0, count: Int(size) - changed.content.count)
        changed.attributes.size = size
      }
      if case .to(let time) = changes.modificationTime { changed.attributes.modificationTime = time }
      if changes.clearsPrivilegeBits { changed.attributes.mode &= ~UInt32(S_ISUID | S_ISGID) }
      state.nodes[node] = changed
      return NodeAttributes(changed.attributes, timeout: timeout)
    }
  }

  func readlink(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> [UInt8] {
    try with("readlink") { state throws(Errno) in
      guard let node = state.nodes[node] else { throw .stale }
      return node.target
    }
  }

  func mkdir(
    _ name: [UInt8], in parent: NodeID, mode: UInt32, _ context: RequestContext
  ) async throws(Errno) -> Entry {
    try add("mkdir", name, parent, S_IFDIR | mode, context)
  }

  func symlink(
    _ name: [UInt8], in parent: NodeID, target: [UInt8], _ context: RequestContext
  ) async throws(Errno) -> Entry {
    try add("symlink", name, parent, S_IFLNK | 0o777, context, target: target)
  }

  func unlink(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) {
    try with("unlink") { state throws(Errno) in
      guard state.nodes[parent]?.children.removeValue(forKey: name) != nil else { throw .noEntry }
    }
  }

  func rmdir(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) {
    try with("rmdir") { state throws(Errno) in
      guard let id = state.nodes[parent]?.children[name] else { throw .noEntry }
      guard state.nodes[id]?.children.isEmpty == true else { throw .notEmpty }
      state.nodes[parent]?.children[name] = nil
    }
  }

  func rename(
    _ name: [UInt8], in parent: NodeID, to newName: [UInt8], in newParent: NodeID, flags: RenameFlags,
    _ context: RequestContext
  ) async throws(Errno) {
    try with("rename") { state throws(Errno) in
      guard flags.isSubset(of: [.noReplace]) else { throw .invalid }
      if flags.contains(.noReplace), state.nodes[newParent]?.children[newName] != nil { throw .exists }
      guard let id = state.nodes[parent]?.children.removeValue(forKey: name) else { throw .noEntry }
      state.nodes[newParent]?.children[newName] = id
    }
  }

  func create(
    _ name: [UInt8], in parent: NodeID, mode: UInt32, flags: OpenFlags, _ context: RequestContext
  ) async throws(Errno) -> CreatedFile {
    let entry = try add("create", name, parent, mode, context)
    return CreatedFile(
      entry: entry, file: OpenFile(handle: FileHandle(rawValue: entry.node.rawValue), options: openOptions))
  }

  func open(_ node: NodeID, flags: OpenFlags, _ context: RequestContext) async throws(Errno) -> OpenFile {
    try with("open") { _ in }
    return OpenFile(handle: FileHandle(rawValue: node.rawValue), options: openOptions)
  }

  func read(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: ReadBuffer, _ context: RequestContext
  ) async throws(Errno) -> Int {
    if isNamed("slow", node) { try await sleepUntilCancelled() }
    if isNamed("later", node) { await Task.yield() }
    return try with("read") { state throws(Errno) in
      guard let content = state.nodes[node]?.content else { throw .stale }
      let start = min(Int(clamping: offset), content.count)
      let part = content[start..<min(content.count, start + buffer.count)]
      part.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
      return part.count
    }
  }

  private func isNamed(_ name: String, _ node: NodeID) -> Bool {
    state.withLock { $0.nodes[.root]?.children[Array(name.utf8)] == node }
  }

  private func sleepUntilCancelled() async throws(Errno) {
    do {
      state.withLock { $0.record.calls["sleep", default: 0] += 1 }
      try await Task.sleep(for: .seconds(600))
    } catch {
      state.withLock { $0.record.wasCancelled = true }
      throw .interrupted
    }
  }

  func write(
    _ node: NodeID, handle: FileHandle, offset: UInt64, from buffer: WriteBuffer, flags: WriteFlags,
    _ context: RequestContext
  ) async throws(Errno) -> Int {
    try with("write") { state throws(Errno) in
      guard var written = state.nodes.removeValue(forKey: node) else { throw .stale }
      let missing = Int(offset) + buffer.count - written.content.count
      if missing > 0 { written.content += [UInt8](repeating: 0, count: missing) }
      buffer.withUnsafeBytes { bytes in
        written.content.withUnsafeMutableBytes { content in
          UnsafeMutableRawBufferPointer(rebasing: content[Int(offset)...]).copyMemory(from: bytes)
        }
      }
      written.attributes.size = UInt64(written.content.count)
      if flags.contains(.clearsPrivilegeBits) { written.attributes.mode &= ~UInt32(S_ISUID | S_ISGID) }
      state.nodes[node] = written
      state.record.largestWrite = max(state.record.largestWrite, buffer.count)
      return buffer.count
    }
  }

  func flush(_ node: NodeID, handle: FileHandle, _ context: RequestContext) async throws(Errno) {
    try with("flush") { _ in }
  }

  func releasedir(_ node: NodeID, handle: FileHandle) async throws(Errno) {}

  func release(_ node: NodeID, handle: FileHandle, flags: OpenFlags) async throws(Errno) {
    if isNamed("slowly-released", node) {
      // Longer than the grace that the test gives, and cut short by a cancellation.
      try? await Task.sleep(for: .milliseconds(300))
      state.withLock { $0.record.wasCancelled = Task.isCancelled }
    }
    try with("release") { _ in }
  }

  func fsync(
    _ node: NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext
  ) async throws(Errno) {
    try with("fsync") { _ in }
  }

  func opendir(_ node: NodeID, flags: OpenFlags, _ context: RequestContext) async throws(Errno) -> OpenFile {
    OpenFile(handle: FileHandle(rawValue: node.rawValue))
  }

  func readdir(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno) {
    try list("readdir", node, offset, buffer)
  }

  func readdirplus(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno) {
    try list("readdirplus", node, offset, buffer)
  }

  /// Offsets: 1 and 2 come after `.` and `..`, and 2 + n after the nth child in the order of names.
  private func list(
    _ operation: String, _ node: NodeID, _ offset: UInt64, _ buffer: DirectoryBuffer
  ) throws(Errno) {
    try with(operation) { state throws(Errno) in
      guard let directory = state.nodes[node] else { throw .stale }
      for (index, name) in [".", ".."].enumerated() where index >= offset {
        let inode = directory.attributes.inode
        if !buffer.append(Array(name.utf8), inode: inode, kind: .directory, nextOffset: UInt64(index) + 1) { return }
      }
      let children = directory.children.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      for (index, (name, id)) in children.enumerated().dropFirst(max(0, Int(offset) - 2)) {
        guard let child = state.nodes[id] else { continue }
        let next = UInt64(index) + 3
        let isIn =
          operation == "readdir"
          ? buffer.append(name, inode: id.rawValue, kind: .init(rawValue: child.attributes.mode), nextOffset: next)
          : buffer.append(
            name,
            Entry(node: id, attributes: child.attributes, entryTimeout: timeout, attributesTimeout: timeout),
            nextOffset: next)
        if !isIn { return }
        if operation == "readdirplus" { state.record.lookups[id, default: 0] += 1 }
      }
    }
  }

  func statfs(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> FileSystemStatistics {
    FileSystemStatistics(
      blockSize: 4096, blocks: 1000, freeBlocks: 500, availableBlocks: 400, files: 100, freeFiles: 50)
  }

  func setxattr(
    _ node: NodeID, name: [UInt8], value: [UInt8], creation: AttributeCreation, _ context: RequestContext
  ) async throws(Errno) {
    try with("setxattr") { state throws(Errno) in
      let isThere = state.nodes[node]?.extendedAttributes[name] != nil
      if creation == .createOnly, isThere { throw .exists }
      if creation == .replaceOnly, !isThere { throw .noAttribute }
      state.nodes[node]?.extendedAttributes[name] = value
    }
  }

  func getxattr(_ node: NodeID, name: [UInt8], _ context: RequestContext) async throws(Errno) -> [UInt8] {
    try with("getxattr") { state throws(Errno) in
      guard let value = state.nodes[node]?.extendedAttributes[name] else { throw .noAttribute }
      return value
    }
  }

  func listxattr(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> [[UInt8]] {
    try with("listxattr") { state throws(Errno) in
      state.nodes[node]?.extendedAttributes.keys.sorted { $0.lexicographicallyPrecedes($1) } ?? []
    }
  }

  func removexattr(_ node: NodeID, name: [UInt8], _ context: RequestContext) async throws(Errno) {
    try with("removexattr") { state throws(Errno) in
      guard state.nodes[node]?.extendedAttributes.removeValue(forKey: name) != nil else { throw .noAttribute }
    }
  }
}

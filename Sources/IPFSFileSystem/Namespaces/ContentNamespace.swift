import Foundation
import IPLD
import Multiformats
import Synchronization
import UnixFS

/// A volume with two names more in its root, which are not listed: `.ipfs/<cid>/…`, all content by its CID, and
/// `.stats`, a file that says what was done so far.
///
/// Their nodes are not the volume's. Numbers have a bit set that no node's number of the volume has; a node of `.ipfs`
/// gets its number from where it is, so that it has it again when it comes back. A node is known as long as the kernel
/// knows it, and for a while after it was listed.
///
/// The lock guards the nodes.
final class ContentNamespace: Volume {
  private struct State {
    var nodes: [InodeNumber: NodeRecord] = [:]
    /// A directory's DAG, by the directory.
    var directories: [InodeNumber: CID] = [:]
    /// The listing that was made last.
    var listing: (directory: InodeNumber, entries: [InodeNumber: DirectoryEntry])?
    /// Numbers in the order in which they came, for those that the kernel never hears of.
    var recent: [InodeNumber] = []
    var statsCount: UInt64 = 0
  }

  private static let mark: UInt64 = 1 << 47
  private static let contentRoot = mark
  /// A number of `.stats`: each look gets one, with the text of that moment.
  private static let statsMark: UInt64 = mark | 1 << 46
  private static let mostRecent = 10_000

  private let base: any Volume
  private let owner: UInt32
  private let isOpenToAll: Bool
  private let text: @Sendable () -> String
  private let isKnown: @Sendable (InodeNumber) -> Bool
  private let began = Timestamp.now
  private let state = Mutex(State())

  /// - Parameters:
  ///   - access: Who may enter `.ipfs`.
  ///   - isKnown: Whether the kernel knows a node.
  ///   - text: What `.stats` shows.
  init(
    over base: any Volume, access: ContentAccess, isKnown: @escaping @Sendable (InodeNumber) -> Bool,
    text: @escaping @Sendable () -> String
  ) {
    self.base = base
    self.text = text
    self.isKnown = isKnown
    switch access {
    case .everyone: (owner, isOpenToAll) = (getuid(), true)
    case .owner(let uid): (owner, isOpenToAll) = (uid, false)
    }
  }

  /// Whether a number is that of a node that is not the volume's.
  static func holds(_ inode: InodeNumber) -> Bool { inode & mark != 0 }
  /// Whether a node shows something else each time it is looked up.
  static func isVolatile(_ inode: InodeNumber) -> Bool { inode & statsMark == statsMark }

  // MARK: Nodes

  private func record(
    _ inode: InodeNumber, _ name: EntryName, in parent: InodeNumber, _ summary: NodeSummary
  ) -> NodeRecord {
    // No setuid either: the owner is who mounted.
    let mode: UInt16 = summary.mode.map { $0 & 0o555 } ?? (summary.kind == .file ? 0o444 : 0o555)
    let content: NodeContent =
      switch summary.kind {
      case .file: .file(FileContent(summary.root))
      case .directory: .directory(subdirectories: 0)
      case .symlink: .symlink(target: summary.target)
      }
    return NodeRecord(
      inode: inode, parent: parent, name: name,
      attributes: Attributes(
        mode: mode, uid: owner, gid: 0, mtime: summary.mtime ?? began, ctime: summary.mtime ?? began),
      content: content)
  }

  private var contentRootRecord: NodeRecord {
    NodeRecord(
      inode: Self.contentRoot, parent: NodeRecord.root, name: ".ipfs",
      attributes: Attributes(mode: isOpenToAll ? 0o555 : 0o500, uid: owner, gid: 0, mtime: began, ctime: began),
      content: .directory(subdirectories: 0))
  }

  /// A new node of `.stats`, whose content is its own name: no block is stored.
  private func makeStats() -> NodeRecord {
    let text = Array(text().utf8)
    var bytes: [UInt8] = [1, UInt8(Multicodec.raw.rawValue), UInt8(Multihash.Code.identity.rawValue)]
    Varint.append(UInt64(text.count), to: &bytes)
    let cid = CID(checked: bytes + text)
    let now = Timestamp.now
    return state.withLock { state in
      state.statsCount += 1
      let inode = Self.statsMark | state.statsCount & (1 << 40 - 1)
      let record = NodeRecord(
        inode: inode, parent: NodeRecord.root, name: ".stats",
        attributes: Attributes(mode: 0o444, uid: owner, gid: 0, mtime: now, ctime: now),
        content: .file(FileContent(DAGRoot(cid: cid, size: UInt64(text.count), tsize: UInt64(text.count)))))
      keep(record, dag: nil, &state)
      return record
    }
  }

  /// The number of a name in a directory: the same each time.
  private static func number(of name: EntryName, in directory: InodeNumber) -> InodeNumber {
    let key = withUnsafeBytes(of: directory.littleEndian, Array.init) + name.bytes
    let cid = key.withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    let hash = cid.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return mark | max(1, hash & (1 << 46 - 1))
  }

  private func keep(_ record: NodeRecord, dag: CID?, _ state: inout State) {
    state.nodes[record.inode] = record
    state.directories[record.inode] = dag
    state.recent.append(record.inode)
    guard state.recent.count > 2 * Self.mostRecent else { return }
    for inode in state.recent.prefix(Self.mostRecent) where !isKnown(inode) {
      state.nodes[inode] = nil
      state.directories[inode] = nil
    }
    state.recent.removeFirst(Self.mostRecent)
  }

  /// Makes the node of a CID in a directory.
  private func node(
    _ name: EntryName, in directory: InodeNumber, _ cid: CID
  ) async throws(FileSystemError) -> NodeRecord {
    let summary: NodeSummary
    do { summary = try await base.summary(of: cid) } catch { throw IPFSPath.error(error) }
    let record = record(Self.number(of: name, in: directory), name, in: directory, summary)
    return try state.withLock { state throws(FileSystemError) in
      if let other = state.nodes[record.inode], other.name != name || other.parent != directory {
        throw FileSystemError(.inputOutput, "two names in .ipfs have one number")
      }
      keep(record, dag: summary.kind == .directory ? cid : nil, &state)
      return record
    }
  }

  /// The entries of a directory by the numbers of their nodes.
  private func entries(of directory: InodeNumber) async throws(FileSystemError) -> [InodeNumber: DirectoryEntry] {
    if directory == Self.contentRoot { return [:] }
    let known = state.withLock { state in
      (cid: state.directories[directory], listing: state.listing?.directory == directory ? state.listing?.entries : nil)
    }
    if let listing = known.listing { return listing }
    guard let cid = known.cid else { throw FileSystemError(.notDirectory) }
    do {
      var entries: [InodeNumber: DirectoryEntry] = [:]
      for entry in try await DirectoryReader(source: base).list(cid) where entry.name.isPresentable {
        entries[Self.number(of: entry.name, in: directory)] = entry
      }
      state.withLock { $0.listing = (directory, entries) }
      return entries
    } catch { throw FileSystemError(error) }
  }

  // MARK: Volume

  var profile: ImportProfile { base.profile }
  var spoolDirectory: String { base.spoolDirectory }
  func attach(_ spool: any SpoolStorage) { base.attach(spool) }

  func record(of inode: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    guard Self.holds(inode) else { return try await base.record(of: inode) }
    if inode == Self.contentRoot { return contentRootRecord }
    guard let record = state.withLock({ $0.nodes[inode] }) else { throw FileSystemError(.stale) }
    return record
  }

  func lookup(_ name: EntryName, in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    guard Self.holds(directory) else {
      if directory == NodeRecord.root, name.bytes.first == 0x2E {
        if name == ".ipfs" { return contentRootRecord }
        if name == ".stats" { return makeStats() }
      }
      return try await base.lookup(name, in: directory)
    }
    if directory == Self.contentRoot {
      guard let cid = try? CID(name.description) else { throw FileSystemError(.notFound) }
      return try await node(name, in: directory, cid)
    }
    guard let cid = state.withLock({ $0.directories[directory] }) else { throw FileSystemError(.notDirectory) }
    let entry: DirectoryEntry?
    do { entry = try await DirectoryReader(source: base).lookup(name, in: cid) } catch { throw FileSystemError(error) }
    guard let entry else { throw FileSystemError(.notFound) }
    do throws(FileSystemError) {
      return try await node(name, in: directory, entry.cid)
    } catch {
      // Here it must be: a directory names it.
      throw error.code == .notFound ? FileSystemError(.corrupt, error.message, cid: entry.cid) : error
    }
  }

  func children(of directory: InodeNumber) async throws(FileSystemError) -> [InodeNumber] {
    guard Self.holds(directory) else { return try await base.children(of: directory) }
    return try await entries(of: directory).keys.sorted()
  }

  func records(
    of inodes: ArraySlice<InodeNumber>, in directory: InodeNumber
  ) async throws(FileSystemError) -> [NodeRecord] {
    guard Self.holds(directory) else { return try await base.records(of: inodes, in: directory) }
    let entries = try await entries(of: directory)
    var records: [NodeRecord] = []
    for inode in inodes {
      // One that is damaged does not hide the others.
      guard let entry = entries[inode], let record = try? await node(entry.name, in: directory, entry.cid) else {
        continue
      }
      records.append(record)
    }
    return records
  }

  func create(
    _ name: EntryName, in directory: InodeNumber, attributes: Attributes, content: NodeContent
  ) async throws(FileSystemError) -> NodeRecord {
    try checkMayEnter(name, directory)
    return try await base.create(name, in: directory, attributes: attributes, content: content)
  }

  func graft(_ nodes: [GraftedNode], in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    if let name = nodes.first?.name { try checkMayEnter(name, directory) }
    return try await base.graft(nodes, in: directory)
  }

  func remove(
    _ name: EntryName, in directory: InodeNumber, as kind: RemovalKind, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord {
    guard !Self.holds(directory), !isOwnName(name, in: directory) else { throw FileSystemError(.readOnly) }
    return try await base.remove(name, in: directory, as: kind, at: time)
  }

  func update(_ inode: InodeNumber, _ change: NodeChange) async throws(FileSystemError) -> NodeRecord {
    guard !Self.holds(inode) else { throw FileSystemError(.readOnly) }
    return try await base.update(inode, change)
  }

  private func isOwnName(_ name: EntryName, in directory: InodeNumber) -> Bool {
    directory == NodeRecord.root && (name == ".ipfs" || name == ".stats")
  }

  private func checkMayEnter(_ name: EntryName, _ directory: InodeNumber) throws(FileSystemError) {
    guard !Self.holds(directory) else { throw FileSystemError(.readOnly) }
    guard !isOwnName(name, in: directory) else { throw FileSystemError(.exists) }
  }

  func checkRename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber
  ) throws(FileSystemError) {
    guard !Self.holds(directory), !Self.holds(newDirectory) else { throw FileSystemError(.crossDevice) }
    guard !isOwnName(name, in: directory), !isOwnName(newName, in: newDirectory) else {
      throw FileSystemError(.readOnly)
    }
  }

  func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    mode: RenameMode, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord? {
    try checkRename(name, in: directory, to: newName, in: newDirectory)
    return try await base.rename(name, in: directory, to: newName, in: newDirectory, mode: mode, at: time)
  }

  func forget(_ inode: InodeNumber) async {
    guard Self.holds(inode) else { return await base.forget(inode) }
    state.withLock { state in
      state.nodes[inode] = nil
      state.directories[inode] = nil
    }
  }

  func dagRoot(of inode: InodeNumber) async throws(FileSystemError) -> DAGRoot {
    guard Self.holds(inode) else { return try await base.dagRoot(of: inode) }
    let record = try await record(of: inode)
    if case .file(let content) = record.content, let root = content.base { return root }
    if let cid = state.withLock({ $0.directories[inode] }) {
      do { return try await base.summary(of: cid).root } catch { throw FileSystemError(error) }
    }
    throw FileSystemError(.noAttribute)
  }

  func uncommittedFiles() async throws(FileSystemError) -> [NodeRecord] { try await base.uncommittedFiles() }
  func commit() async throws(FileSystemError) -> DAGRoot { try await base.commit() }
  func synchronize() async throws(FileSystemError) { try await base.synchronize() }
  func capacity() async throws(FileSystemError) -> VolumeCapacity { try await base.capacity() }
  var statistics: [(name: String, value: UInt64)] { base.statistics }
  func beginLease() -> VolumeLease { base.beginLease() }
  func retain(_ blocks: [CID]) { base.retain(blocks) }
  func addRoots(_ provider: @escaping @Sendable () -> [CID]?) { base.addRoots(provider) }
  func makeSpace() async -> Bool { await base.makeSpace() }
  func size(of cid: CID) async throws -> Int { try await base.size(of: cid) }
  func pinMode(of cid: CID) async throws(FileSystemError) -> PinMode? { try await base.pinMode(of: cid) }
  func pin(_ cid: CID, as mode: PinMode) async throws(FileSystemError) { try await base.pin(cid, as: mode) }
  func unpin(_ cid: CID) async throws(FileSystemError) { try await base.unpin(cid) }
  func retainDAG(_ root: CID) async throws(FileSystemError) { try await base.retainDAG(root) }
  func block(_ cid: CID) async throws -> Block { try await base.block(cid) }
  func read(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) async throws {
    try await base.read(cid, at: offset, into: buffer)
  }
  func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws { try await base.put(cid, data) }
}

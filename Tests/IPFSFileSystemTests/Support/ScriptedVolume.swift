import IPFSFileSystem
import IPFSMount
import IPLD
import Multiformats
import Synchronization
import TestSupport
import UnixFS

/// A call of a volume that a test can hold up or make fail.
enum VolumeCall: Hashable {
  case put, update, record, synchronize
}

/// A volume that counts calls, and that fails or waits where a test says so.
///
/// The lock guards the script and the counts.
final class ScriptedVolume: Volume {
  private struct State {
    var counts: [VolumeCall: Int] = [:]
    var bytesRead = 0
    var bytesStored = 0
    /// How many more calls succeed before each fails.
    var allowed: [VolumeCall: Int] = [:]
    /// Calls that wait until they are let go.
    var held: Set<VolumeCall> = []
    var waiting: [VolumeCall: [CheckedContinuation<Void, Never>]] = [:]
    var yields = false
    var duringSpoolSync: (@Sendable () -> Void)?
  }

  private let base: NodeVolume
  private let state = Mutex(State())

  init(_ base: NodeVolume) {
    self.base = base
  }

  // MARK: Script

  func count(_ call: VolumeCall) -> Int { state.withLock { $0.counts[call, default: 0] } }

  /// Bytes of blocks that were asked for.
  var bytesRead: Int { state.withLock { $0.bytesRead } }

  /// Bytes of blocks that were put.
  var bytesStored: Int { state.withLock { $0.bytesStored } }

  /// Lets so many calls succeed; those after them fail for lack of space. All succeed with nil.
  func allow(_ count: Int?, _ call: VolumeCall) { state.withLock { $0.allowed[call] = count } }

  /// Keeps calls from going on until ``letGo(_:)``.
  func hold(_ call: VolumeCall) { state.withLock { _ = $0.held.insert(call) } }

  func letGo(_ call: VolumeCall) {
    let waiting = state.withLock { state in
      state.held.remove(call)
      return state.waiting.removeValue(forKey: call) ?? []
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns when a call is being held.
  func waitForHeld(_ call: VolumeCall) async {
    while state.withLock({ $0.waiting[call, default: []].isEmpty }) { await Task.yield() }
  }

  /// Has the next synchronization do something after it has seen what the tree is, and before it syncs spool files.
  func duringNextSpoolSync(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.duringSpoolSync = body } }

  /// The spool files, with what is to be done before they are synced.
  private struct ScriptedSpool: SpoolStorage {
    let base: any SpoolStorage
    /// Weak, for the node holds the spool and the volume the node.
    weak let volume: ScriptedVolume?

    var isSynchronized: Bool { base.isSynchronized }
    func mark() -> UInt64 { base.mark() }
    func synchronize() -> Int32 {
      volume?.state.withLock { $0.duringSpoolSync.take() }?()
      return base.synchronize()
    }
    func release(through mark: UInt64) { base.release(through: mark) }
  }

  /// Makes each `put` suspend.
  func suspendPuts() { state.withLock { $0.yields = true } }

  private func begin(_ call: VolumeCall) async throws(FileSystemError) {
    let (isHeld, yields) = state.withLock { ($0.held.contains(call), $0.yields && call == .put) }
    if yields { for _ in 0..<3 { await Task.yield() } }
    if isHeld {
      await withCheckedContinuation { continuation in
        let isHeld = state.withLock { state in
          guard state.held.contains(call) else { return false }
          state.waiting[call, default: []].append(continuation)
          return true
        }
        if !isHeld { continuation.resume() }
      }
    }
    let isAllowed = state.withLock { state in
      state.counts[call, default: 0] += 1
      guard let left = state.allowed[call] else { return true }
      state.allowed[call] = max(0, left - 1)
      return left > 0
    }
    guard isAllowed else { throw FileSystemError(.noSpace, "the test's disk is full") }
  }

  // MARK: Volume

  var profile: ImportProfile { base.profile }
  var spoolDirectory: String { base.spoolDirectory }

  func attach(_ spool: any SpoolStorage) { base.attach(ScriptedSpool(base: spool, volume: self)) }

  func record(of inode: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    let record = try await base.record(of: inode)
    try await begin(.record)
    return record
  }

  func lookup(_ name: EntryName, in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    try await base.lookup(name, in: directory)
  }

  func children(of directory: InodeNumber) async throws(FileSystemError) -> [InodeNumber] {
    try await base.children(of: directory)
  }

  func records(
    of inodes: ArraySlice<InodeNumber>, in directory: InodeNumber
  ) async throws(FileSystemError) -> [NodeRecord] {
    try await base.records(of: inodes, in: directory)
  }

  func create(
    _ name: EntryName, in directory: InodeNumber, attributes: Attributes, content: NodeContent
  ) async throws(FileSystemError) -> NodeRecord {
    try await base.create(name, in: directory, attributes: attributes, content: content)
  }

  func remove(
    _ name: EntryName, in directory: InodeNumber, as kind: RemovalKind, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord {
    try await base.remove(name, in: directory, as: kind, at: time)
  }

  func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    mode: RenameMode, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord? {
    try await base.rename(name, in: directory, to: newName, in: newDirectory, mode: mode, at: time)
  }

  func update(_ inode: InodeNumber, _ change: NodeChange) async throws(FileSystemError) -> NodeRecord {
    try await begin(.update)
    return try await base.update(inode, change)
  }

  func forget(_ inode: InodeNumber) async { await base.forget(inode) }

  func uncommittedFiles() async throws(FileSystemError) -> [NodeRecord] { try await base.uncommittedFiles() }

  func dagRoot(of inode: InodeNumber) async throws(FileSystemError) -> DAGRoot { try await base.dagRoot(of: inode) }

  func commit() async throws(FileSystemError) -> DAGRoot { try await base.commit() }

  func synchronize() async throws(FileSystemError) {
    try await begin(.synchronize)
    try await base.synchronize()
  }

  func beginLease() -> VolumeLease { base.beginLease() }
  func retain(_ blocks: [CID]) { base.retain(blocks) }
  func addRoots(_ provider: @escaping @Sendable () -> [CID]?) { base.addRoots(provider) }
  func size(of cid: CID) async throws -> Int { try await base.size(of: cid) }
  func pinMode(of cid: CID) async throws(FileSystemError) -> PinMode? { try await base.pinMode(of: cid) }
  func pin(_ cid: CID, as mode: PinMode) async throws(FileSystemError) { try await base.pin(cid, as: mode) }
  func unpin(_ cid: CID) async throws(FileSystemError) { try await base.unpin(cid) }
  func retainDAG(_ root: CID) async throws(FileSystemError) { try await base.retainDAG(root) }
  func graft(_ nodes: [GraftedNode], in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    try await base.graft(nodes, in: directory)
  }
  func makeSpace() async -> Bool { await base.makeSpace() }

  func capacity() async throws(FileSystemError) -> VolumeCapacity { try await base.capacity() }

  func block(_ cid: CID) async throws -> Block {
    let block = try await base.block(cid)
    state.withLock { $0.bytesRead += block.data.count }
    return block
  }

  func read(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) async throws {
    try await base.read(cid, at: offset, into: buffer)
    state.withLock { $0.bytesRead += buffer.count }
  }

  func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
    // The bytes may be gone after the first suspension.
    let copy = Array(data)
    state.withLock { $0.bytesStored += copy.count }
    do {
      try await begin(.put)
    } catch {
      throw BlockError(.noSpace, cid, error.message)
    }
    try await withBytes(of: copy) { try await base.put(cid, $0) }
  }
}

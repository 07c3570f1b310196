public import IPLD
public import Multiformats
public import UnixFS

/// Where a file system keeps its tree and its blocks: an embedded node, or a daemon behind RPC.
///
/// A volume is a tree of nodes with numbers that stay, and a block store. Every call that changes the tree is durable
/// against the death of the process when it returns; ``synchronize()`` makes it durable against the loss of power.
/// Calls may come from any thread at once. A volume that works on local disk does not suspend.
///
/// `BlockSink.put` is given memory that is only valid until the implementation first suspends.
public protocol Volume: BlockStore {
  /// How files become DAGs here.
  var profile: ImportProfile { get }

  /// The folder for spool files: parts of files that are not blocks yet. It belongs to the file system.
  var spoolDirectory: String { get }

  /// Makes the volume synchronize the spool files before it makes changes survive a loss of power that speak of them.
  func attach(_ spool: any SpoolStorage)

  /// A node by its number. Throws ``FileSystemError/Code/notFound``.
  func record(of inode: InodeNumber) async throws(FileSystemError) -> NodeRecord

  /// The node of a name in a directory. Throws `notFound`, `notDirectory`.
  func lookup(_ name: EntryName, in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord

  /// The numbers of all nodes in a directory, ascending.
  func children(of directory: InodeNumber) async throws(FileSystemError) -> [InodeNumber]

  /// Those of the given nodes that are still in the directory, in the given order.
  func records(
    of inodes: ArraySlice<InodeNumber>, in directory: InodeNumber
  ) async throws(FileSystemError) -> [NodeRecord]

  /// Makes a node. Throws `exists`, `notFound`, `notDirectory`.
  func create(
    _ name: EntryName, in directory: InodeNumber, attributes: Attributes, content: NodeContent
  ) async throws(FileSystemError) -> NodeRecord

  /// Takes a name away. The node lives on, without a parent, until ``forget(_:)``.
  /// Throws `notFound`, `notDirectory`, `isDirectory`, `notEmpty`.
  func remove(
    _ name: EntryName, in directory: InodeNumber, as kind: RemovalKind, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord

  /// Moves a node in one step. Returns what was replaced. Throws `notFound`; `exists`, `isDirectory`, `notDirectory`,
  /// `notEmpty` for what cannot be replaced; `invalidArgument` for a directory into itself.
  func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    mode: RenameMode, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord?

  /// Changes a node and returns it as it is then.
  @discardableResult
  func update(_ inode: InodeNumber, _ change: NodeChange) async throws(FileSystemError) -> NodeRecord

  /// Says that nothing refers to an unlinked node any more.
  func forget(_ inode: InodeNumber) async

  /// Files whose DAG has not been built: what a crash left behind.
  func uncommittedFiles() async throws(FileSystemError) -> [NodeRecord]

  /// The DAG of a node, with every directory below it brought up to date.
  func dagRoot(of inode: InodeNumber) async throws(FileSystemError) -> DAGRoot

  /// Brings the DAG of the whole tree up to date and records its root.
  @discardableResult
  func commit() async throws(FileSystemError) -> DAGRoot

  /// Returns when everything that was acknowledged before the call survives a loss of power.
  func synchronize() async throws(FileSystemError)

  /// Space on the volume, for `statfs`.
  func capacity() async throws(FileSystemError) -> VolumeCapacity

  // MARK: IPFS

  /// The block's bytes in number.
  func size(of cid: CID) async throws -> Int

  /// How a CID is pinned; nil if it is not.
  func pinMode(of cid: CID) async throws(FileSystemError) -> PinMode?

  /// Pins a CID, recursively or directly. Throws `notFound` for what is not here whole, `exists` for a direct pin on what
  /// is pinned recursively.
  func pin(_ cid: CID, as mode: PinMode) async throws(FileSystemError)

  /// Takes a CID's own pin away. Throws `noAttribute` if it is not pinned, `notPermitted` if it is so indirectly.
  func unpin(_ cid: CID) async throws(FileSystemError)

  /// Sees whether a DAG is here whole, and keeps it until the leases that there are end. Throws `notFound`.
  func retainDAG(_ root: CID) async throws(FileSystemError)

  /// Puts a tree into a directory, in one step. Throws `exists`, `notFound`, `notDirectory`, `invalidArgument`.
  func graft(_ nodes: [GraftedNode], in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord

  /// What the volume did so far, by name, for `.stats`.
  var statistics: [(name: String, value: UInt64)] { get }

  // MARK: Garbage

  /// Promises to link blocks soon. Until it ends, blocks that are put, and those that ``retain(_:)`` names, are kept
  /// though nothing refers to them.
  func beginLease() -> VolumeLease

  /// Keeps blocks of which the caller knows that something refers to them now, until the leases that there are end.
  func retain(_ blocks: [CID])

  /// Tells the volume how to ask for DAGs that are in use and that it does not know of. The provider may be called from
  /// any thread and must not wait for the volume; nil from it ends the registration.
  func addRoots(_ provider: @escaping @Sendable () -> [CID]?)

  /// Tries to make space by removing what nothing refers to. Returns whether it is worth trying again.
  func makeSpace() async -> Bool
}

/// A promise to link blocks: see ``Volume/beginLease()``.
public struct VolumeLease: Sendable {
  private let onEnd: (@Sendable () -> Void)?

  /// Makes a lease; `onEnd` is called when it ends.
  public init(onEnd: (@Sendable () -> Void)? = nil) {
    self.onEnd = onEnd
  }

  /// Says that what was stored is linked, or given up. To be called once.
  public func end() { onEnd?() }
}

/// A volume that never removes a block by itself.
extension Volume {
  /// A lease that keeps nothing: nothing goes.
  public func beginLease() -> VolumeLease { VolumeLease() }
  /// Does nothing.
  public func retain(_ blocks: [CID]) {}
  /// Does nothing: nobody asks.
  public func addRoots(_ provider: @escaping @Sendable () -> [CID]?) {}
  /// Makes no space.
  public func makeSpace() async -> Bool { false }
}

/// Space on a volume.
public struct VolumeCapacity: Sendable, Hashable {
  /// Bytes in a unit of allocation.
  public var blockSize: UInt64
  /// Units in all.
  public var blocks: UInt64
  /// Units that are free.
  public var freeBlocks: UInt64
  /// Units that an ordinary user may still take.
  public var availableBlocks: UInt64
  /// Nodes that can exist.
  public var nodes: UInt64
  /// Nodes that can still be made.
  public var freeNodes: UInt64

  /// Makes a capacity of its parts.
  public init(
    blockSize: UInt64, blocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64, nodes: UInt64, freeNodes: UInt64
  ) {
    self.blockSize = blockSize
    self.blocks = blocks
    self.freeBlocks = freeBlocks
    self.availableBlocks = availableBlocks
    self.nodes = nodes
    self.freeNodes = freeNodes
  }
}

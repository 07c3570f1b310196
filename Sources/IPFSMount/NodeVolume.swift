import Glibc
package import IPFSFileSystem
package import IPFSNode
package import IPLD
package import Multiformats
package import UnixFS

/// A volume on an embedded node: direct calls, on local disk, that never suspend but for Merkle work and syncs.
package struct NodeVolume: Volume {
  private let node: Node

  /// Takes a node, which stays the caller's to close.
  package init(_ node: Node) {
    self.node = node
  }

  package var profile: ImportProfile { node.profile }
  package var spoolDirectory: String { node.repo.spool }

  package func attach(_ spool: any SpoolStorage) { node.tree.attach(spool) }

  // MARK: Tree

  package func record(of inode: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    try call { tree throws(NodeError) in try tree.record(inode) }
  }

  package func lookup(_ name: EntryName, in directory: InodeNumber) async throws(FileSystemError) -> NodeRecord {
    let found = try call { tree throws(NodeError) in try tree.lookup(name, in: directory) }
    guard let found else { throw FileSystemError(.notFound) }
    return found
  }

  package func children(of directory: InodeNumber) async throws(FileSystemError) -> [InodeNumber] {
    try call { tree throws(NodeError) in try tree.children(of: directory) }
  }

  package func records(
    of inodes: ArraySlice<InodeNumber>, in directory: InodeNumber
  ) async throws(FileSystemError) -> [NodeRecord] {
    try call { tree throws(NodeError) in try tree.records(inodes, in: directory) }
  }

  package func create(
    _ name: EntryName, in directory: InodeNumber, attributes: Attributes, content: NodeContent
  ) async throws(FileSystemError) -> NodeRecord {
    try call { tree throws(NodeError) in
      try tree.create(name, in: directory, attributes: attributes, content: content)
    }
  }

  package func remove(
    _ name: EntryName, in directory: InodeNumber, as kind: RemovalKind, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord {
    try call { tree throws(NodeError) in try tree.remove(name, in: directory, as: kind, at: time) }
  }

  package func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    mode: RenameMode, at time: Timestamp
  ) async throws(FileSystemError) -> NodeRecord? {
    try call { tree throws(NodeError) in
      if mode == .exchange {
        try tree.exchange(name, in: directory, with: newName, in: newDirectory, at: time)
        return nil
      }
      return try tree.rename(
        name, in: directory, to: newName, in: newDirectory, canReplace: mode == .replace, at: time
      ).replaced
    }
  }

  package func update(_ inode: InodeNumber, _ change: NodeChange) async throws(FileSystemError) -> NodeRecord {
    try call { tree throws(NodeError) in try tree.update(inode, change) }
  }

  package func forget(_ inode: InodeNumber) async {
    node.tree.forget(inode)
  }

  package func uncommittedFiles() async throws(FileSystemError) -> [NodeRecord] {
    try call { tree throws(NodeError) in try tree.uncommittedFiles() }
  }

  package func dagRoot(of inode: InodeNumber) async throws(FileSystemError) -> DAGRoot {
    try await wait { tree in try await tree.dagRoot(of: inode) }
  }

  package func commit() async throws(FileSystemError) -> DAGRoot {
    try await wait { tree in try await tree.commit() }
  }

  package func synchronize() async throws(FileSystemError) {
    try await wait { tree in try await tree.sync() }
  }

  package func capacity() async throws(FileSystemError) -> VolumeCapacity {
    var volume = statvfs()
    guard statvfs(node.repo.path, &volume) == 0 else {
      throw FileSystemError(.inputOutput, "statvfs \(node.repo.path): errno \(errno)")
    }
    return VolumeCapacity(
      blockSize: UInt64(volume.f_frsize), blocks: UInt64(volume.f_blocks), freeBlocks: UInt64(volume.f_bfree),
      availableBlocks: UInt64(volume.f_bavail), nodes: UInt64(volume.f_files), freeNodes: UInt64(volume.f_ffree))
  }

  // MARK: IPFS

  package func size(of cid: CID) async throws -> Int { try node.blockstore.size(cid) }

  package func pinMode(of cid: CID) async throws(FileSystemError) -> PinMode? {
    do throws(NodeError) {
      switch try await node.pins.state(of: cid) {
      case .pinned(let pin): return pin.kind == .recursive ? .recursive : .direct
      case .indirect: return .indirect
      case .none: return nil
      }
    } catch { throw FileSystemError(error) }
  }

  package func pin(_ cid: CID, as mode: PinMode) async throws(FileSystemError) {
    do throws(NodeError) {
      try await node.pins.add(cid, kind: mode == .direct ? .direct : .recursive)
    } catch { throw FileSystemError(error) }
  }

  package func unpin(_ cid: CID) async throws(FileSystemError) {
    do throws(NodeError) { try await node.pins.remove(cid) } catch { throw FileSystemError(error) }
  }

  package func retainDAG(_ root: CID) async throws(FileSystemError) {
    do throws(NodeError) { try await node.blockstore.retainDAG(root) } catch { throw FileSystemError(error) }
  }

  package func graft(
    _ nodes: [GraftedNode], in directory: InodeNumber
  ) async throws(FileSystemError) -> NodeRecord {
    try call { tree throws(NodeError) in try tree.graft(nodes, in: directory) }
  }

  package var statistics: [(name: String, value: UInt64)] {
    let node = self.node.statistics
    let collected = self.node.collector.totals
    return [
      ("blocks.written", node.blocksWritten), ("blocks.written_bytes", node.blockBytesWritten),
      ("blocks.found", node.blocksFound), ("directories.blocks_encoded", node.directoryBlocksEncoded),
      ("journal.rows", node.journalRows), ("journal.bytes", node.journalBytes),
      ("repo.bytes_written", node.blockBytesWritten + node.journalBytes), ("garbage.runs", collected.runs),
      ("garbage.blocks_removed", collected.blocks), ("garbage.bytes_freed", collected.bytes),
      ("garbage.bytes_estimated", self.node.collector.estimatedGarbage),
    ]
  }

  // MARK: Garbage

  package func beginLease() -> VolumeLease {
    let lease = node.blockstore.beginLease()
    return VolumeLease { lease.end() }
  }

  package func retain(_ blocks: [CID]) {
    node.blockstore.retain(blocks)
  }

  package func addRoots(_ provider: @escaping @Sendable () -> [CID]?) {
    node.collector.addRoots(provider)
  }

  package func makeSpace() async -> Bool { await node.collector.makeSpace() }

  // MARK: Blocks

  package func block(_ cid: CID) async throws -> Block { try node.blockstore.block(cid) }

  package func read(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) async throws {
    try readNow(cid, at: offset, into: buffer)
  }

  /// Calls the store's own, synchronous read: in an asynchronous context the compiler would prefer the protocol's
  /// default, which reads whole blocks.
  private func readNow(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(BlockError) {
    try node.blockstore.read(cid, at: offset, into: buffer)
  }

  package func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
    try node.blockstore.put(cid, data)
  }

  // MARK: Errors

  private func call<Result>(
    _ body: (MFS) throws(NodeError) -> Result
  ) throws(FileSystemError) -> Result {
    do throws(NodeError) { return try body(node.tree) } catch { throw FileSystemError(error) }
  }

  private func wait<Result>(_ body: (MFS) async throws -> Result) async throws(FileSystemError) -> Result {
    do {
      return try await body(node.tree)
    } catch let error as NodeError {
      throw FileSystemError(error)
    } catch {
      throw FileSystemError(error)
    }
  }
}

extension FileSystemError {
  init(_ error: NodeError) {
    let code: Code =
      switch error.code {
      case .notFound: .notFound
      case .exists: .exists
      case .notDirectory: .notDirectory
      case .isDirectory: .isDirectory
      case .notEmpty: .notEmpty
      case .invalid, .invalidRecord: .invalidArgument
      case .nameTooLong: .nameTooLong
      case .noSpace: .noSpace
      case .corrupt: .corrupt
      case .missingBlock: .notFound
      case .notPinned: .noAttribute
      case .pinnedRecursively: .exists
      case .pinnedIndirectly: .notPermitted
      case .inputOutput, .locked, .newerRepo, .unusableRepo, .closed: .inputOutput
      }
    self.init(code, error.description, cid: (error.cause as? BlockError)?.cid)
  }
}

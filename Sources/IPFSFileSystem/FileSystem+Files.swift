import Logging
import Synchronization
import UnixFS

extension FileSystem {
  /// Opens a regular file. Every successful call needs a ``close(_:isWritable:)``.
  public func open(_ node: NodeID, isWritable: Bool) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    if isWritable, ContentNamespace.holds(inode) { throw FileSystemError(.readOnly) }
    let file = try await reporting("open", inode) { () async throws(FileSystemError) in
      try await files.acquire(inode)
    }
    file.state.withLock { state in
      state.handles += 1
      if isWritable { state.writers += 1 }
    }
  }

  /// Empties a file that was just opened with `O_TRUNC`. As a write, it is durable with the next flush: whoever dies
  /// before, or finds the disk full, leaves the old content.
  public func truncateOpen(_ node: NodeID, clearsPrivileges: Bool) async throws(FileSystemError) {
    _ = try await setAttributes(of: node, AttributeChange(size: 0, clearsPrivileges: clearsPrivileges), isOpen: true)
  }

  /// Reads bytes of an open file into `buffer`. Returns how many: fewer than asked for only at the end.
  public func read(
    _ node: NodeID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) async throws(FileSystemError) -> Int {
    let inode = InodeTable.inode(of: node)
    let file = try openFile(inode)
    let count = try await reporting("read", inode) { () async throws(FileSystemError) in
      try await file.read(at: offset, into: buffer)
    }
    operations.bytesRead.add(UInt64(count), ordering: .relaxed)
    return count
  }

  /// Writes bytes to an open file. The payload is not used after the first suspension.
  ///
  /// - Parameters:
  ///   - isFromCache: Whether the kernel writes back what it had cached: then it also sets the times.
  ///   - clearsPrivileges: Whether setuid and setgid must go: the writer may not keep them.
  public func write(
    _ node: NodeID, at offset: UInt64, _ payload: some WritePayload, isFromCache: Bool, clearsPrivileges: Bool
  ) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    let file = try openFile(inode)
    try await reporting("write", inode) { () async throws(FileSystemError) in
      try await file.write(payload, at: offset, times: isFromCache ? nil : .now)
    }
    operations.bytesWritten.add(UInt64(payload.count), ordering: .relaxed)
    idle.noteChange()
    if clearsPrivileges { try await clearPrivileges(of: inode) }
  }

  /// `close(2)` of one descriptor: what was written survives the process when this returns.
  public func flush(_ node: NodeID) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    let file = try openFile(inode)
    try await reporting("flush", inode) { () async throws(FileSystemError) in try await file.journal() }
  }

  /// `fsync(2)`: what was written survives a loss of power when this returns.
  public func synchronize(_ node: NodeID) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    let file = try openFile(inode)
    try await reporting("fsync", inode) { () async throws(FileSystemError) in try await file.synchronize() }
  }

  /// Ends an open: the last descriptor of it is closed and its mappings are gone.
  public func close(_ node: NodeID, isWritable: Bool) async {
    guard let file = files.existing(InodeTable.inode(of: node)) else { return }
    file.state.withLock { state in
      state.handles -= 1
      if isWritable { state.writers -= 1 }
    }
    await release(file)
  }

  /// Takes back one use of a file. When nobody has it open any more, what came after the last flush is made durable,
  /// and what could not be written is given up.
  func release(_ file: OpenFile) async {
    let inode = file.inode
    if file.state.withLock({ $0.isLeftDirty }) {
      // Pages of a shared mapping are written back after the last flush.
      do throws(FileSystemError) {
        try await file.journal()
      } catch {
        await report("what was written last is lost", inode, error)
      }
    }
    if await file.rollBackIfClosed() { await forgetInKernel(inode) }
    files.release(inode)
    if files.existing(inode) != nil { idle.noteChange() }
  }

  /// The kernel believes in a size that is not true: the next lookup answers with another node.
  private func forgetInKernel(_ inode: InodeNumber) async {
    inodes.retire(inode)
    guard let record = try? await volume.record(of: inode), record.parent != 0 else { return }
    kernelCache?.forget(record.name, in: inodes.node(of: record.parent))
  }

  func openFile(_ inode: InodeNumber) throws(FileSystemError) -> OpenFile {
    guard let file = files.existing(inode) else { throw FileSystemError(.stale, "the file is not open") }
    return file
  }
}

/// The defaults: nothing is implemented, and forgetting is nothing to do.
extension FuseOperations {
  /// Not implemented.
  public func lookup(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) -> Entry {
    throw .notImplemented
  }

  /// Keeps no account.
  public func forget(_ nodes: [ForgottenNode]) {}

  /// Not implemented.
  public func getattr(_ node: NodeID, handle: FileHandle?, _ context: RequestContext) async throws(Errno)
    -> NodeAttributes
  { throw .notImplemented }

  /// Not implemented.
  public func setattr(_ node: NodeID, _ changes: AttributeChanges, handle: FileHandle?, _ context: RequestContext)
    async throws(Errno) -> NodeAttributes
  { throw .notImplemented }

  /// Not implemented.
  public func readlink(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> [UInt8] {
    throw .notImplemented
  }

  /// Not implemented.
  public func mknod(_ name: [UInt8], in parent: NodeID, mode: UInt32, device: UInt64, _ context: RequestContext)
    async throws(Errno) -> Entry
  { throw .notImplemented }

  /// Not implemented.
  public func mkdir(_ name: [UInt8], in parent: NodeID, mode: UInt32, _ context: RequestContext) async throws(Errno)
    -> Entry
  { throw .notImplemented }

  /// Not implemented.
  public func unlink(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) {
    throw .notImplemented
  }

  /// Not implemented.
  public func rmdir(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) {
    throw .notImplemented
  }

  /// Not implemented.
  public func symlink(_ name: [UInt8], in parent: NodeID, target: [UInt8], _ context: RequestContext)
    async throws(Errno) -> Entry
  { throw .notImplemented }

  /// Not implemented.
  public func rename(
    _ name: [UInt8], in parent: NodeID, to newName: [UInt8], in newParent: NodeID, flags: RenameFlags,
    _ context: RequestContext
  ) async throws(Errno) { throw .notImplemented }

  /// Not implemented.
  public func link(_ node: NodeID, as newName: [UInt8], in newParent: NodeID, _ context: RequestContext)
    async throws(Errno) -> Entry
  { throw .notImplemented }

  /// Not implemented.
  public func open(_ node: NodeID, flags: OpenFlags, _ context: RequestContext) async throws(Errno) -> OpenFile {
    throw .notImplemented
  }

  /// Not implemented.
  public func create(_ name: [UInt8], in parent: NodeID, mode: UInt32, flags: OpenFlags, _ context: RequestContext)
    async throws(Errno) -> CreatedFile
  { throw .notImplemented }

  /// Not implemented.
  public func read(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: ReadBuffer, _ context: RequestContext
  ) async throws(Errno) -> Int { throw .notImplemented }

  /// Not implemented.
  public func write(
    _ node: NodeID, handle: FileHandle, offset: UInt64, from buffer: WriteBuffer, flags: WriteFlags,
    _ context: RequestContext
  ) async throws(Errno) -> Int { throw .notImplemented }

  /// Not implemented.
  public func flush(_ node: NodeID, handle: FileHandle, _ context: RequestContext) async throws(Errno) {
    throw .notImplemented
  }

  /// Not implemented.
  public func fsync(_ node: NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext) async throws(Errno)
  { throw .notImplemented }

  /// Not implemented.
  public func opendir(_ node: NodeID, flags: OpenFlags, _ context: RequestContext) async throws(Errno) -> OpenFile {
    throw .notImplemented
  }

  /// Not implemented.
  public func readdir(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno) { throw .notImplemented }

  /// Not implemented.
  public func readdirplus(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno) { throw .notImplemented }

  /// Not implemented.
  public func fsyncdir(_ node: NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext)
    async throws(Errno)
  { throw .notImplemented }

  /// Not implemented.
  public func statfs(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> FileSystemStatistics {
    throw .notImplemented
  }

  /// Not implemented.
  public func setxattr(
    _ node: NodeID, name: [UInt8], value: [UInt8], creation: AttributeCreation, _ context: RequestContext
  ) async throws(Errno) { throw .notImplemented }

  /// Not implemented.
  public func getxattr(_ node: NodeID, name: [UInt8], _ context: RequestContext) async throws(Errno) -> [UInt8] {
    throw .notImplemented
  }

  /// Not implemented.
  public func listxattr(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> [[UInt8]] {
    throw .notImplemented
  }

  /// Not implemented.
  public func removexattr(_ node: NodeID, name: [UInt8], _ context: RequestContext) async throws(Errno) {
    throw .notImplemented
  }

  /// Not implemented.
  public func access(_ node: NodeID, mask: UInt32, _ context: RequestContext) async throws(Errno) {
    throw .notImplemented
  }

  /// Not implemented.
  public func fallocate(
    _ node: NodeID, handle: FileHandle, mode: UInt32, range: Range<UInt64>, _ context: RequestContext
  ) async throws(Errno) { throw .notImplemented }

  /// Not implemented.
  public func lseek(_ node: NodeID, _ target: SeekTarget, handle: FileHandle, offset: UInt64, _ context: RequestContext)
    async throws(Errno) -> UInt64
  { throw .notImplemented }

  /// Not implemented.
  public func copyFileRange(
    from source: FilePosition, to destination: FilePosition, length: UInt64, _ context: RequestContext
  ) async throws(Errno) -> UInt64 { throw .notImplemented }
}

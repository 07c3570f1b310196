/// A file system: what it does with each request of the kernel.
///
/// Operations run concurrently, on libfuse's threads until their first suspension and on Swift's afterwards. One that
/// never suspends costs about as much as in C; so answer what is at hand without suspending, and never block a thread
/// on something slow. When the caller gets a signal, the operation's task is cancelled: throw ``Errno/interrupted`` if
/// nothing was done yet. Names are bytes, without `/` and NUL, of 1 to 255 bytes or whatever the kernel sends.
///
/// Everything but the ends of what was begun (release, releasedir) has a default implementation that throws ``Errno/notImplemented``. For access, fallocate, lseek,
/// copyFileRange, the extended attributes, flush, fsync and fsyncdir the kernel remembers this answer for the life of
/// the mount and does without: by itself where it can, else with an error of its own choice.
public protocol FuseOperations: Sendable {
  /// Finds a name in a directory. Counts as a lookup of the answer's node.
  /// - Throws: ``Errno/noEntry``, or answers with ``Entry/absent(timeout:)``, which the kernel may keep.
  func lookup(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno) -> Entry

  /// Takes lookups back. A node whose count is 0 is not known to the kernel any more. Nothing is answered.
  ///
  /// When a file system is unmounted, counts are not necessarily taken back.
  func forget(_ nodes: [ForgottenNode])

  /// Tells a node's attributes.
  func getattr(_ node: NodeID, handle: FileHandle?, _ context: RequestContext) async throws(Errno) -> NodeAttributes

  /// Changes a node's attributes (chmod, chown, truncate, utimens) and tells the new ones.
  func setattr(
    _ node: NodeID, _ changes: AttributeChanges, handle: FileHandle?, _ context: RequestContext
  ) async throws(Errno) -> NodeAttributes

  /// Tells a symbolic link's target, which has no NUL and at most 4,095 bytes.
  func readlink(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> [UInt8]

  /// Makes a file, a device node, a pipe or a socket, by the type in `mode`.
  func mknod(
    _ name: [UInt8], in parent: NodeID, mode: UInt32, device: UInt64, _ context: RequestContext
  ) async throws(Errno) -> Entry

  /// Makes a directory.
  func mkdir(
    _ name: [UInt8], in parent: NodeID, mode: UInt32, _ context: RequestContext
  ) async throws(Errno) -> Entry

  /// Removes a name that is no directory. The node stays usable until it is forgotten.
  func unlink(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno)

  /// Removes an empty directory.
  func rmdir(_ name: [UInt8], in parent: NodeID, _ context: RequestContext) async throws(Errno)

  /// Makes a symbolic link.
  func symlink(
    _ name: [UInt8], in parent: NodeID, target: [UInt8], _ context: RequestContext
  ) async throws(Errno) -> Entry

  /// Moves a name. Flags that are not known are to be answered with ``Errno/invalid``.
  func rename(
    _ name: [UInt8], in parent: NodeID, to newName: [UInt8], in newParent: NodeID, flags: RenameFlags,
    _ context: RequestContext
  ) async throws(Errno)

  /// Makes another name for a node.
  func link(
    _ node: NodeID, as newName: [UInt8], in newParent: NodeID, _ context: RequestContext
  ) async throws(Errno) -> Entry

  /// Opens a file, and empties it with ``OpenFlags/truncate``. Creation and exclusion are dealt with by other requests.
  func open(_ node: NodeID, flags: OpenFlags, _ context: RequestContext) async throws(Errno) -> OpenFile

  /// Makes a file, which does not exist yet as far as the kernel knows, and opens it.
  func create(
    _ name: [UInt8], in parent: NodeID, mode: UInt32, flags: OpenFlags, _ context: RequestContext
  ) async throws(Errno) -> CreatedFile

  /// Reads up to `buffer.count` bytes and tells how many are in the buffer: fewer only at the file's end.
  ///
  /// With the writeback cache, handles that are open for writing only are read from too.
  func read(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: ReadBuffer, _ context: RequestContext
  ) async throws(Errno) -> Int

  /// Writes all of the buffer, whose bytes are there only until the first suspension: see ``WriteBuffer``.
  /// - Returns: The number of bytes taken, `buffer.count` unless an error stopped the write midway.
  func write(
    _ node: NodeID, handle: FileHandle, offset: UInt64, from buffer: WriteBuffer, flags: WriteFlags,
    _ context: RequestContext
  ) async throws(Errno) -> Int

  /// One descriptor of the open file was closed. Its error is the one that `close(2)` returns. May come any number of
  /// times for a handle, with uses of the handle after it.
  func flush(_ node: NodeID, handle: FileHandle, _ context: RequestContext) async throws(Errno)

  /// The last use of a handle is over. Comes once for each open or create; nobody sees the error.
  func release(_ node: NodeID, handle: FileHandle, flags: OpenFlags) async throws(Errno)

  /// Brings a file to stable storage.
  func fsync(
    _ node: NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext
  ) async throws(Errno)

  /// Opens a directory.
  func opendir(_ node: NodeID, flags: OpenFlags, _ context: RequestContext) async throws(Errno) -> OpenFile

  /// Fills the buffer with entries that follow the one at `offset` (0: from the start) until it is full. Offsets are
  /// the file system's own: each entry carries the one after which reading goes on. An empty buffer is the end.
  func readdir(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno)

  /// As ``readdir(_:handle:offset:into:_:)``, with an ``Entry`` for each name: each of them that is in the buffer counts
  /// as a lookup, except `.` and `..`, which go in without an entry.
  func readdirplus(
    _ node: NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno)

  /// The last use of a directory's handle is over.
  func releasedir(_ node: NodeID, handle: FileHandle) async throws(Errno)

  /// Brings a directory to stable storage.
  func fsyncdir(
    _ node: NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext
  ) async throws(Errno)

  /// Tells how full the file system is.
  func statfs(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> FileSystemStatistics

  /// Sets an extended attribute.
  func setxattr(
    _ node: NodeID, name: [UInt8], value: [UInt8], creation: AttributeCreation, _ context: RequestContext
  ) async throws(Errno)

  /// Tells an extended attribute's value.
  /// - Throws: ``Errno/noAttribute``.
  func getxattr(_ node: NodeID, name: [UInt8], _ context: RequestContext) async throws(Errno) -> [UInt8]

  /// Tells the names of a node's extended attributes.
  func listxattr(_ node: NodeID, _ context: RequestContext) async throws(Errno) -> [[UInt8]]

  /// Removes an extended attribute.
  /// - Throws: ``Errno/noAttribute``.
  func removexattr(_ node: NodeID, name: [UInt8], _ context: RequestContext) async throws(Errno)

  /// Checks permissions (`R_OK`, `W_OK`, `X_OK`) for access(2) and chdir(2). Not asked with `default_permissions`.
  func access(_ node: NodeID, mask: UInt32, _ context: RequestContext) async throws(Errno)

  /// Reserves, punches or zeroes a range, by the mode bits of `fallocate(2)`.
  func fallocate(
    _ node: NodeID, handle: FileHandle, mode: UInt32, range: Range<UInt64>, _ context: RequestContext
  ) async throws(Errno)

  /// Finds the next data or hole.
  func lseek(
    _ node: NodeID, _ target: SeekTarget, handle: FileHandle, offset: UInt64, _ context: RequestContext
  ) async throws(Errno) -> UInt64

  /// Copies bytes within the file system and tells how many.
  func copyFileRange(
    from source: FilePosition, to destination: FilePosition, length: UInt64, _ context: RequestContext
  ) async throws(Errno) -> UInt64
}

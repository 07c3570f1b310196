import IPLD
import Synchronization
import UnixFS

extension OpenFile {
  /// Makes every write so far survive the process. Does nothing where there is nothing new.
  ///
  /// Where the DAG can be built from stored leaves alone, without reading a byte, it is: then the file is committed.
  func journal() async throws(FileSystemError) {
    try await journalGate.withGate { () async throws(FileSystemError) in try await journalInGate() }
  }

  /// As ``journal()``, and returns when it also survives a loss of power.
  func synchronize() async throws(FileSystemError) {
    try await journal()
    let spool = state.withLock { $0.spool }
    try spool?.synchronize()
    try await volume.synchronize()
  }

  /// The DAG of the file as it is now, built if need be.
  func commit() async throws(FileSystemError) -> DAGRoot {
    try await journalGate.withGate { () async throws(FileSystemError) -> DAGRoot in
      try await journalInGate()
      let snapshot = state.withLock { state in
        state.journaled.isCommitted ? nil : Self.snapshot(state, inode: inode)
      }
      guard let snapshot else { return try await volume.dagRoot(of: inode) }
      let root = try await DAGBuild(snapshot, of: self).run()
      try await record(FileContent(root), of: snapshot)
      return root
    }
  }

  private func journalInGate() async throws(FileSystemError) {
    let isDirty = try state.withLock { state throws(FileSystemError) -> Bool in
      if let failure = state.failure { throw failure }
      return state.isDirty
    }
    guard isDirty else { return }
    try await spill()
    let snapshot = state.withLock { state in
      state.isDirty = false
      return Self.snapshot(state, inode: inode)
    }
    do throws(FileSystemError) {
      if let root = try await DAGBuild(snapshot, of: self).runIfCheap() {
        try await record(FileContent(root), of: snapshot)
      } else {
        try await record(
          FileContent(size: snapshot.size, base: snapshot.base, pending: snapshot.map), of: snapshot)
      }
    } catch {
      state.withLock { state in
        state.isDirty = true
        state.failure = error
      }
      throw error
    }
  }

  private static func snapshot(_ state: borrowing State, inode: InodeNumber) -> ContentSnapshot {
    ContentSnapshot(
      inode: inode, size: state.size, base: state.base, map: state.map, spool: state.spool, reader: state.reader,
      version: state.version, mtime: state.mtime)
  }

  /// Tells the volume what the file consists of, and puts a new DAG in the place of the map that led to it, unless
  /// the file changed meanwhile.
  private func record(_ content: FileContent, of snapshot: ContentSnapshot) async throws(FileSystemError) {
    try await volume.update(
      inode, NodeChange(mtime: snapshot.mtime, ctime: snapshot.mtime, content: content))
    state.withLock { state in
      state.journaled = content
      if state.mtime == snapshot.mtime { state.mtime = nil }
      guard content.pending == nil, state.version == snapshot.version else { return }
      if state.base != content.base { state.reader = nil }
      state.base = content.base
      state.map = ExtentMap(baseSize: content.base?.size ?? 0)
      Self.dropUnusedSpool(&state)
    }
  }
}

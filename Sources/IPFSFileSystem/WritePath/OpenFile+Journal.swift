import Coordination
import IPLD
import Synchronization
import UnixFS

extension OpenFile {
  /// A map of more extents than that is not journaled if its DAG can be built instead.
  static let mostJournaledExtents = 4096

  /// Makes every write so far survive the process. Does nothing where there is nothing new.
  ///
  /// Where the DAG can be built from stored leaves alone, without reading a byte, it is: then the file is committed.
  func journal() async throws(FileSystemError) {
    _ = try await withGateAndLease { () async throws(FileSystemError) in try await journalInGate() }
  }

  /// As ``journal()``, and returns when it also survives a loss of power.
  func synchronize() async throws(FileSystemError) {
    try await journal()
    try await volume.synchronize()
  }

  /// The DAG of the file as it is now, built if need be.
  func commit() async throws(FileSystemError) -> DAGRoot {
    try await withGateAndLease { () async throws(FileSystemError) -> DAGRoot in
      let snapshot = try await journalInGate()
      guard !state.withLock({ $0.journaled.isCommitted }) else { return try await volume.dagRoot(of: inode) }
      let root = try await DAGBuild(snapshot, of: self).run()
      try await record(built(root, of: snapshot), of: snapshot)
      return root
    }
  }

  /// Runs `body` in the journal's gate. What it stores, and the snapshot that it works on, is kept until it is done.
  func withGateAndLease<Result>(
    _ body: () async throws(FileSystemError) -> Result
  ) async throws(FileSystemError) -> Result {
    try await journalGate.withGate { () async throws(FileSystemError) -> Result in
      let lease = volume.beginLease()
      defer {
        state.withLock { $0.inUse = nil }
        lease.end()
      }
      return try await body()
    }
  }

  /// Returns what the file consists of as the volume knows it then.
  private func journalInGate() async throws(FileSystemError) -> ContentSnapshot {
    let known = try state.withLock { state throws(FileSystemError) -> ContentSnapshot? in
      if let failure = state.failure { throw failure }
      if state.isDirty { return nil }
      return takeSnapshot(of: &state)
    }
    if let known { return known }
    let snapshot = try await spill()
    defer { state.withLock { $0.flushing = nil } }
    do throws(FileSystemError) {
      if snapshot.version == state.withLock({ $0.journaledVersion }) {
        try await update(content: nil)
      } else if snapshot.size == 0 {
        try await record(.empty, of: snapshot)
      } else if let root = try await cheapRoot(of: snapshot) {
        try await record(built(root, of: snapshot), of: snapshot)
      } else if snapshot.map.extents.count > Self.mostJournaledExtents,
        let root = try? await DAGBuild(snapshot, of: self).run()
      {
        // A row of all these extents would cost each flush more than the DAG costs once. Where the DAG cannot be built,
        // the row is what there is: it says all, and the idle committer, which tries again, logs why.
        try await record(built(root, of: snapshot), of: snapshot)
      } else {
        try await record(
          FileContent(
            size: snapshot.size, base: snapshot.base, builtBy: snapshot.builtBy, pending: snapshot.map),
          of: snapshot)
      }
    } catch {
      state.withLock { state in
        state.isDirty = true
        // What was interrupted is tried again by the next one who asks.
        if error.code != .interrupted { state.failure = error }
      }
      throw error
    }
    return snapshot
  }

  /// The DAG where no content has to be read for it. On a full disk there is none: the journal takes the extent map
  /// all the same, so that a file can be cut there.
  private func cheapRoot(of snapshot: ContentSnapshot) async throws(FileSystemError) -> DAGRoot? {
    do throws(FileSystemError) {
      return try await DAGBuild(snapshot, of: self).runIfCheap()
    } catch {
      if error.code == .noSpace { return nil }
      throw error
    }
  }

  /// The content that a DAG makes.
  private func built(_ root: DAGRoot, of snapshot: ContentSnapshot) -> FileContent {
    // A DAG that is still the base is one that others may have built.
    let builtBy = root == snapshot.base ? snapshot.builtBy : volume.profile.isRegular ? nil : volume.profile.fingerprint
    return FileContent(root, builtBy: builtBy)
  }

  /// What the file consists of now; kept until the gate is left.
  func takeSnapshot(of state: inout State) -> ContentSnapshot {
    let snapshot = ContentSnapshot(
      size: state.size, base: state.base, builtBy: state.builtBy, map: state.map, spool: state.spool,
      reader: state.reader, knownChunks: state.knownChunks, version: state.version)
    state.inUse = snapshot
    return snapshot
  }

  /// Tells the volume what the file consists of, and puts a new DAG in the place of the map that led to it, unless
  /// the file changed meanwhile.
  private func record(_ content: FileContent, of snapshot: ContentSnapshot) async throws(FileSystemError) {
    let synchronizations = snapshot.spool?.synchronizations ?? 0
    try await update(content: content)
    state.withLock { state in
      if let old = state.journaled.pending, state.spool?.synchronizations != state.synchronizations {
        // One under way may have met the old row or the new one: what it has stays until two others have come.
        state.synchronized = Array((state.synchronized + [old]).suffix(2))
      }
      state.synchronizations = synchronizations
      state.journaled = content
      state.journaledVersion = snapshot.version
    }
    guard content.pending == nil else { return }
    state.withLock { state in
      guard state.version == snapshot.version else { return }
      if state.base != content.base { state.reader = nil }
      state.base = content.base
      state.baseVersion += 1
      state.builtBy = content.builtBy
      state.knownChunks = [:]
      state.map = ExtentMap(baseSize: content.base?.size ?? 0)
      Self.dropUnusedSpool(&state)
    }
  }

  /// Tells the volume the content, and the times that it does not know yet.
  private func update(content: FileContent?) async throws(FileSystemError) {
    let times = state.withLock { $0.times }
    let change = NodeChange(mtime: times?.mtime, ctime: times?.ctime, content: content)
    if !change.isEmpty { try await volume.update(inode, change) }
    state.withLock { state in
      if state.times == times { state.times = nil }
    }
  }
}

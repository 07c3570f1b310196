import Synchronization
import UnixFS

extension OpenFile {
  /// Gives the file another DAG as its content, in the place of all that was written; durable as a flush is.
  ///
  /// - Throws: What telling the volume throws; the file is as it was then.
  func replace(by root: DAGRoot) async throws(FileSystemError) {
    try await withGateAndLease { () async throws(FileSystemError) in
      state.withLock { $0.isSpilling = true }
      defer { resumeWaiting { $0.isSpilling = false } }
      await wait { $0.sealing.isEmpty && !$0.isCutting }
      if let failure = state.withLock({ $0.failure }) { throw failure }
      let content = FileContent(root)
      let now = FileTimes.now
      try await volume.update(inode, NodeChange(mtime: now.mtime, ctime: now.ctime, content: content))
      state.withLock { state in
        state.noteChange()
        state.base = root
        state.baseVersion += 1
        state.builtBy = content.builtBy
        state.knownChunks = [:]
        state.stream = nil
        state.reader = nil
        state.map = ExtentMap(baseSize: root.size)
        state.buffers = [:]
        state.sealedTails = []
        state.size = root.size
        state.times = nil
        state.isDirty = false
        state.journaled = content
        state.journaledVersion = state.version
        Self.dropUnusedSpool(&state)
      }
    }
  }
}

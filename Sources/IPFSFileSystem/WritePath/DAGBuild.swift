import IPLD
import UnixFS

/// Builds the DAG of an open file of what it consists of at one moment.
struct DAGBuild {
  private let snapshot: ContentSnapshot
  private let file: OpenFile
  private let build: FileBuild

  init(_ snapshot: ContentSnapshot, of file: OpenFile) {
    self.snapshot = snapshot
    self.file = file
    build = FileBuild(
      FileContent(size: snapshot.size, base: snapshot.base, builtBy: snapshot.builtBy, pending: snapshot.map),
      knownChunks: snapshot.knownChunks, profile: file.volume.profile, store: file.volume)
  }

  /// The DAG, if no byte of content has to be read for it; else nil.
  func runIfCheap() async throws(FileSystemError) -> DAGRoot? {
    do { return try await build.runIfCheap() } catch { throw FileSystemError(error) }
  }

  /// The DAG, whatever it takes.
  func run() async throws(FileSystemError) -> DAGRoot {
    do {
      var source = snapshot
      return try await build.run { offset, buffer in
        if source.reader == nil, let base = source.base, base.size > 0 {
          source.reader = try await FileReader(base, source: file.volume)
        }
        try await source.read(at: offset, into: buffer, from: file.volume)
      }
    } catch { throw FileSystemError(error) }
  }
}

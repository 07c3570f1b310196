import Foundation
import Glibc
import IPFSFileSystem
import IPFSMount
import IPFSNode
import Logging
import Multiformats
import Synchronization
import TestSupport
import UnixFS

/// A folder that is there until the tests end. Not only as long as this value lives: an optimized build lets go of it
/// after its last use, when a node is still open there.
struct TemporaryFolder: Sendable {
  let path: String

  /// What is to be removed. The lock guards the list.
  private static let all = Mutex<[String]>([])

  init() throws {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/swipfs-fs-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    Self.removeAtExit(path)
  }

  /// A copy of the folder as it is now: what a process that is killed at this moment would leave.
  init(copyOf other: TemporaryFolder) throws {
    path = "\(other.path)-copy-\(UInt32.random(in: 0 ... .max))"
    Self.removeAtExit(path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    // The space reserve is large, and made anew where it is missing.
    for name in try FileManager.default.contentsOfDirectory(atPath: other.path) where name != "reserve" {
      try FileManager.default.copyItem(atPath: "\(other.path)/\(name)", toPath: "\(path)/\(name)")
    }
  }

  private static func removeAtExit(_ path: String) {
    let isFirst = all.withLock { all in
      all.append(path)
      return all.count == 1
    }
    guard isFirst else { return }
    atexit {
      for path in TemporaryFolder.all.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }
  }
}

extension ImportProfile {
  /// Chunks and nodes so small that small files have deep DAGs and small directories shards.
  static func small() throws -> ImportProfile {
    try ImportProfile(
      chunker: .fixed(256), cidVersion: .v1, rawLeaves: true, maxFileLinks: 4,
      sharding: Sharding(fanout: 8, threshold: 600, estimate: .block))
  }
}

/// A file system over a node in a temporary folder, without a kernel.
struct TestMount: Sendable {
  static let user = Caller(uid: 1000, gid: 100)

  let folder: TemporaryFolder
  let profile: ImportProfile
  let node: Node
  let volume: ScriptedVolume
  let fileSystem: FileSystem

  /// Mounts. By default nothing is committed but by calls, so that what tests count is theirs.
  init(
    _ profile: ImportProfile, in folder: TemporaryFolder? = nil, idleDelay: Duration = .seconds(3600)
  ) async throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    self.profile = profile
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    node = try Node.open(path: folder.path, options: Node.Options(profile: profile, logger: logger))
    volume = ScriptedVolume(NodeVolume(node))
    fileSystem = try await FileSystem(volume: volume, logger: logger, idleDelay: idleDelay)
  }

  /// Ends it and mounts the same folder again.
  func remounted() async throws -> TestMount {
    try await end()
    return try await TestMount(profile, in: folder)
  }

  /// What is there after the process was killed now. The mount itself goes on.
  func crashed() async throws -> TestMount {
    // A checkpoint amid the copying would leave what no moment had.
    let copy = try node.tree.betweenCheckpoints { try TemporaryFolder(copyOf: folder) }
    return try await TestMount(profile, in: copy)
  }

  func end() async throws {
    try await fileSystem.shutDown()
    try await node.close()
    // Made anew where it is missing; a hundred of them until the tests end would fill a disk.
    try FileManager.default.removeItem(atPath: "\(folder.path)/reserve")
  }

  /// Names of the spool files.
  var spoolFiles: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: volume.spoolDirectory) }
  }

  /// Makes a file and opens it for writing.
  func create(_ name: EntryName, in directory: NodeID = NodeRecord.root) async throws -> NodeID {
    let node = try await fileSystem.makeFile(name, in: directory, mode: 0o644, caller: Self.user).node
    try await fileSystem.open(node, isWritable: true)
    return node
  }

  /// Makes a file of this content; it is closed.
  @discardableResult
  func makeFile(_ name: EntryName, _ content: [UInt8]) async throws -> NodeID {
    let node = try await create(name)
    try await write(node, at: 0, content)
    try await flushAndClose(node)
    return node
  }

  func write(_ node: NodeID, at offset: UInt64, _ bytes: [UInt8]) async throws(FileSystemError) {
    try await fileSystem.write(node, at: offset, OwnedPayload(bytes), isFromCache: false, clearsPrivileges: false)
  }

  func read(_ node: NodeID, at offset: UInt64 = 0, count: Int) async throws -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    // What is not filled shows.
    buffer.initializeMemory(as: UInt8.self, repeating: 0xA5)
    let read = try await fileSystem.read(node, at: offset, into: buffer)
    // Not Array(buffer[..<read]): inlined where the result is not used, that writes to memory that it has freed, and
    // the heap is lost (Swift 6.3, with optimization).
    return [UInt8](unsafeUninitializedCapacity: read) { bytes, count in
      UnsafeMutableRawBufferPointer(bytes).copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<read]))
      count = read
    }
  }

  /// The content of a file, which need not be open.
  func content(of node: NodeID) async throws -> [UInt8] {
    try await fileSystem.open(node, isWritable: false)
    let size = try await fileSystem.status(of: node).size
    do {
      let bytes = try await read(node, count: Int(size) + 1)
      await fileSystem.close(node, isWritable: false)
      return bytes
    } catch {
      await fileSystem.close(node, isWritable: false)
      throw error
    }
  }

  func content(_ name: EntryName) async throws -> [UInt8] {
    try await content(of: fileSystem.lookup(name, in: NodeRecord.root).node)
  }

  func truncate(_ node: NodeID, to size: UInt64, isOpen: Bool = true) async throws(FileSystemError) {
    _ = try await fileSystem.setAttributes(of: node, AttributeChange(size: size), isOpen: isOpen)
  }

  func flushAndClose(_ node: NodeID) async throws {
    do {
      try await fileSystem.flush(node)
      await fileSystem.close(node, isWritable: true)
    } catch {
      await fileSystem.close(node, isWritable: true)
      throw error
    }
  }

  /// The CID that `ipfs add` gives these bytes, as the importer has it.
  func importedCID(_ content: [UInt8]) async throws -> CID {
    try await importFile(content, profile: profile, to: MemoryBlockStore()).cid
  }
}

/// What the file system tells the kernel.
final class RecordedKernel: KernelCache {
  struct Name: Hashable {
    var name: EntryName
    var directory: NodeID
  }

  private let state = Mutex((forgotten: [Name](), writtenBack: [NodeID]()))

  var forgotten: [Name] { state.withLock { $0.forgotten } }
  var writtenBack: [NodeID] { state.withLock { $0.writtenBack } }

  func forget(_ name: EntryName, in directory: NodeID) {
    state.withLock { $0.forgotten.append(Name(name: name, directory: directory)) }
  }

  func writeBack(_ node: NodeID) async {
    state.withLock { $0.writtenBack.append(node) }
  }
}

/// The code of the error that a call must throw; nil if it throws none.
func errorCode<Result>(of body: () async throws -> Result) async -> FileSystemError.Code? {
  do {
    _ = try await body()
    return nil
  } catch {
    return (error as? FileSystemError)?.code
  }
}

public import UnixFS

/// How bytes are written into a file.
public struct WriteOptions: Sendable {
  /// Where they go.
  public var offset: UInt64 = 0
  /// Whether the file is made where there is none.
  public var creates = false
  /// Whether directories on the way are made.
  public var makesParents = false
  /// Whether the file is emptied first.
  public var truncates = false
  /// What new directories' DAGs have of their own.
  public var form = DirectoryForm()
  /// How a new file is built.
  public var profile: ImportProfile
  /// Whether leaves are bare bytes; nil for what the file has.
  public var rawLeaves: Bool?

  /// Options of a write to the beginning of a file that is there.
  ///
  /// - Parameter profile: How a new file is built.
  public init(profile: ImportProfile) {
    self.profile = profile
  }
}

/// Bytes on their way into a file: whole chunks are stored as they come, what is beside them stays in memory. The file
/// changes in one step when all are there. Used by one task.
///
/// ```
///   chunks   │         │         │         │         │
///   bytes         ├────┬─────────┬─────────┬───┤
///                  head   leaf      leaf    tail
/// ```
public final class FileWriting {
  /// Bytes that are read for one chunk when it is not the file's chunker that cuts.
  private let chunkSize: Int
  private let leafProfile: ImportProfile
  private let store: Blockstore
  private let offset: UInt64
  private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var buffered = 0
  /// Where the buffer's first byte goes.
  private var start: UInt64
  private(set) var leaves: [(offset: UInt64, leaf: Leaf)] = []
  private(set) var pieces: [(offset: UInt64, bytes: [UInt8])] = []

  init(at offset: UInt64, profile: ImportProfile, store: Blockstore) {
    self.offset = offset
    self.store = store
    start = offset
    leafProfile = profile.isRegular ? profile : .unixfsV1_2025
    chunkSize = leafProfile.chunkSize
  }

  deinit {
    buffer.deallocate()
  }

  /// Where the next byte goes.
  public var end: UInt64 { start + UInt64(buffered) }

  var range: Range<UInt64> { offset..<end }

  /// Bytes until the next chunk begins.
  private var room: Int { chunkSize - Int(start % UInt64(chunkSize)) - buffered }

  /// Takes bytes, as many as there is room for, and says how many. If none, ``storeChunk()`` makes room.
  public func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(bytes.count, room)
    guard count > 0 else { return 0 }
    grow(toHold: buffered + count)
    UnsafeMutableRawBufferPointer(rebasing: buffer[buffered..<buffered + count])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    buffered += count
    return count
  }

  private func grow(toHold count: Int) {
    guard count > buffer.count else { return }
    var capacity = max(buffer.count, 4096)
    while capacity < count { capacity *= 2 }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(min(capacity, chunkSize), count), alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<buffered]))
    buffer.deallocate()
    buffer = larger
  }

  /// Stores the chunk that has come, if it is whole.
  ///
  /// - Throws: `BlockError`.
  public func storeChunk() async throws {
    guard room == 0 else { return }
    if buffered == chunkSize {
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<buffered])
      leaves.append((start, try await LeafEncoder.store(bytes, profile: leafProfile, to: store)))
      start += UInt64(buffered)
      buffered = 0
    } else {
      keepPiece()
    }
  }

  /// Keeps what is left in memory.
  func finish() {
    if buffered > 0 { keepPiece() }
  }

  private func keepPiece() {
    pieces.append((start, Array(buffer[..<buffered])))
    start += UInt64(buffered)
    buffered = 0
  }
}

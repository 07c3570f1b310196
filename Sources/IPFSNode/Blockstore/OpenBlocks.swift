import Glibc
import Multiformats

/// A block's file, open for reading, with what is known of its bytes.
final class OpenBlock: Sendable {
  let file: Int32
  let size: Int
  /// The checksums of its pages; nil for a small block, which is verified by its hash each time.
  let checksums: PageChecksums?

  init(file: Int32, size: Int, checksums: PageChecksums?) {
    self.file = file
    self.size = size
    self.checksums = checksums
  }

  deinit {
    close(file)
  }
}

/// The block files that were read last, kept open.
struct OpenBlocks {
  private let capacity: Int
  private var blocks: [CID: (block: OpenBlock, lastUse: UInt64)] = [:]
  private var uses: UInt64 = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  /// The block's file, if it is open.
  mutating func find(_ cid: CID) -> OpenBlock? {
    guard let index = blocks.index(forKey: cid) else { return nil }
    uses += 1
    blocks.values[index].lastUse = uses
    return blocks.values[index].block
  }

  /// Keeps a block's file open, and closes the one that was not used for longest.
  mutating func insert(_ block: OpenBlock, for cid: CID) {
    uses += 1
    blocks[cid] = (block, uses)
    // A scan of a few hundred numbers is nothing beside the `open` that led here.
    if blocks.count > capacity, let oldest = blocks.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
      blocks[oldest] = nil
    }
  }

  /// Closes the files that have no name any more.
  mutating func removeUnlinked() {
    blocks = blocks.filter { _, open in
      var status = stat()
      return fstat(open.block.file, &status) == 0 && status.st_nlink > 0
    }
  }

  /// Closes a block's file, once nobody reads from it.
  mutating func remove(_ cid: CID) {
    blocks[cid] = nil
  }
}

import Synchronization

/// Counts of what a node did since it was opened.
public struct NodeStatistics: Sendable, Hashable {
  /// Blocks that were written to the block store; those it had already are not counted.
  public var blocksWritten: UInt64
  /// The bytes of those blocks.
  public var blockBytesWritten: UInt64
  /// Blocks that were to be stored and were there already.
  public var blocksFound: UInt64
  /// Blocks that were encoded for directories, whether or not they were there already.
  public var directoryBlocksEncoded: UInt64
  /// Changes of the tree that were noted in the journal.
  public var journalRows: UInt64
  /// The bytes of those rows.
  public var journalBytes: UInt64
}

/// The counters behind ``NodeStatistics``. Each stands for itself, so relaxed ordering is enough.
final class NodeCounters: Sendable {
  private let blocksWritten = Atomic<UInt64>(0)
  private let blockBytesWritten = Atomic<UInt64>(0)
  private let blocksFound = Atomic<UInt64>(0)
  private let directoryBlocksEncoded = Atomic<UInt64>(0)
  private let journalRows = Atomic<UInt64>(0)
  private let journalBytes = Atomic<UInt64>(0)

  func countBlock(bytes: Int) {
    blocksWritten.add(1, ordering: .relaxed)
    blockBytesWritten.add(UInt64(bytes), ordering: .relaxed)
  }

  func countFoundBlock() {
    blocksFound.add(1, ordering: .relaxed)
  }

  func countDirectoryBlocks(_ count: Int) {
    directoryBlocksEncoded.add(UInt64(count), ordering: .relaxed)
  }

  func countJournalRow(bytes: Int) {
    journalRows.add(1, ordering: .relaxed)
    journalBytes.add(UInt64(bytes), ordering: .relaxed)
  }

  var values: NodeStatistics {
    NodeStatistics(
      blocksWritten: blocksWritten.load(ordering: .relaxed),
      blockBytesWritten: blockBytesWritten.load(ordering: .relaxed),
      blocksFound: blocksFound.load(ordering: .relaxed),
      directoryBlocksEncoded: directoryBlocksEncoded.load(ordering: .relaxed),
      journalRows: journalRows.load(ordering: .relaxed),
      journalBytes: journalBytes.load(ordering: .relaxed))
  }
}

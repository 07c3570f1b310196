public import UnixFS

/// What somebody else than the tree's observer changed in the tree.
public enum TreeChange: Sendable {
  /// A name of a directory leads to another node, or to none.
  case entry(EntryName, in: InodeNumber)
  /// A node has other attributes, or a file the same bytes in another DAG.
  case attributes(NodeRecord)
  /// Nodes have no name any more. They are the observer's to forget (``MFS/forget(_:)``), once nobody uses them.
  case orphaned([InodeNumber])
}

/// Who shows the tree elsewhere, and may have changes of files that the tree does not have yet: a mount.
public protocol TreeObserver: AnyObject, Sendable {
  /// Brings to the tree what is written to a file, or to files below a directory, so that they have the DAG of what they
  /// are now.
  ///
  /// - Throws: ``NodeError``.
  func settle(_ inode: InodeNumber) async throws

  /// Says what changed. When it returns, what the observer shows has changed too, as far as that can be waited for.
  func note(_ changes: [TreeChange]) async
}

/// What a node holds.
public enum NodeContent: Hashable, Sendable {
  /// A regular file.
  case file(FileContent)
  /// A directory; the number of directories directly in it, for `st_nlink`.
  case directory(subdirectories: UInt32)
  /// A symbolic link and the bytes it points to.
  case symlink(target: [UInt8])

  /// The kind of node that holds this.
  public var kind: NodeKind {
    switch self {
    case .file: .file
    case .directory: .directory
    case .symlink: .symlink
    }
  }
}

/// The number of a node: `st_ino`. Given once, never again, and kept across mounts. The root is 1.
public typealias InodeNumber = UInt64

/// A node of the tree with all that is known of it: the unit that a volume stores and reports.
public struct NodeRecord: Hashable, Sendable {
  /// The root directory's number, as FUSE wants it.
  public static let root: InodeNumber = 1
  /// The largest number that a node can have: the bits above say other things in the kernel's node ids.
  public static let largestInode: InodeNumber = 1 << 47 - 1

  /// The node's own number.
  public var inode: InodeNumber
  /// The directory it is in; 0 for the root and for a node that was unlinked while open.
  public var parent: InodeNumber
  /// Its name there. There are no hard links: a node has one name.
  public var name: EntryName
  /// Mode, owner and times.
  public var attributes: Attributes
  /// What it holds.
  public var content: NodeContent
  /// The user's own extended attributes (`user.*`), by full name.
  public var extendedAttributes: [EntryName: [UInt8]]
  /// What a directory's DAG has of its own; nil where that is nothing, and for all other nodes.
  public var form: DirectoryForm?

  /// Makes a record of its parts.
  public init(
    inode: InodeNumber, parent: InodeNumber, name: EntryName, attributes: Attributes, content: NodeContent,
    extendedAttributes: [EntryName: [UInt8]] = [:], form: DirectoryForm? = nil
  ) {
    self.inode = inode
    self.parent = parent
    self.name = name
    self.attributes = attributes
    self.content = content
    self.extendedAttributes = extendedAttributes
    self.form = form
  }

  /// The kind of node.
  public var kind: NodeKind { content.kind }

  /// `st_size`: a file's bytes, a link's target length, 0 for a directory.
  public var size: UInt64 {
    switch content {
    case .file(let file): file.size
    case .symlink(let target): UInt64(target.count)
    case .directory: 0
    }
  }
}

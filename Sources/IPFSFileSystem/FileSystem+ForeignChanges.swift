package import UnixFS

/// What others than the kernel do to the volume's tree: programs that use the node by other ways.
extension FileSystem {
  /// Brings to the volume what is written to a file, or to files below a directory, the kernel's own pages included.
  ///
  /// - Throws: As ``cid(of:)``.
  package func settle(_ inode: InodeNumber) async throws(FileSystemError) {
    _ = try await cid(of: inodes.node(of: inode))
  }

  /// Says that a name leads to another node, or to none. When this returns, the kernel has forgotten what it led to.
  package func noteChange(of name: EntryName, in directory: InodeNumber) async {
    if directory == NodeRecord.root || inodes.knows(directory) {
      await kernelCache?.forgetNow(name, in: inodes.node(of: directory))
    }
    idle.noteChange()
  }

  /// Says that a node has other attributes, or a file other blocks of the same bytes.
  package func noteAttributeChange(of record: NodeRecord) async {
    guard record.inode == NodeRecord.root || inodes.knows(record.inode) else { return }
    if record.kind == .directory {
      await kernelCache?.forgetAttributes(of: inodes.node(of: record.inode))
    } else {
      // Of a file that it knows, the kernel takes no times.
      await forgetContent(of: record)
    }
    idle.noteChange()
  }

  /// Says that a node has no name any more. Who has it open keeps it.
  package func noteRemoval(of inode: InodeNumber) async {
    await becameOrphan(inode)
    idle.noteChange()
  }
}

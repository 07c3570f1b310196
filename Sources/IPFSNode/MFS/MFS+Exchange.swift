public import UnixFS

extension MFS {
  /// Lets two nodes change places, in one step: files, directories, or one of each.
  ///
  /// - Throws: `notFound`; `invalid` where one is a directory that the other is in; `noSpace`, `inputOutput`.
  public func exchange(
    _ name: EntryName, in directory: InodeNumber, with otherName: EntryName, in otherDirectory: InodeNumber,
    at time: Timestamp
  ) throws(NodeError) {
    try transact { state throws(NodeError) -> Step<Void> in
      let (parent, entries) = try parentDirectory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      // Or it might go as the other comes.
      state.touch(entries)
      let (otherParent, otherEntries) = try parentDirectory(otherDirectory, in: &state)
      guard otherEntries.isLoaded else { return .load(otherDirectory) }
      let node = try child(name, of: entries, in: state)
      let other = try child(otherName, of: otherEntries, in: state)
      if node === other { return .done(()) }
      if node.directory != nil { try Self.check(that: otherParent, isNotBelow: node, in: state) }
      if other.directory != nil { try Self.check(that: parent, isNotBelow: other, in: state) }

      let moved = node.record(movedTo: otherDirectory, as: otherName, at: time)
      let otherMoved = other.record(movedTo: directory, as: name, at: time)
      let arriving = (other.directory == nil ? 0 : 1) - (node.directory == nil ? 0 : 1)
      let parentChanges =
        parent === otherParent
        ? [ParentChange(parent, subdirectories: 0, at: time)]
        : [
          ParentChange(parent, subdirectories: arriving, at: time),
          ParentChange(otherParent, subdirectories: -arriving, at: time),
        ]
      var changes: [JournalEntry.Change] = [
        .node(StoredNode(record: moved, dag: node.directory?.currentDAG)),
        .node(StoredNode(record: otherMoved, dag: other.directory?.currentDAG)),
      ]
      for change in parentChanges { changes += change.journalEntries(in: state) }
      try journal(changes, in: &state)

      entries.remove(name)
      otherEntries.remove(otherName)
      node.record = moved
      other.record = otherMoved
      otherEntries.insert(node.inode, as: otherName)
      entries.insert(other.inode, as: name)
      state.unsaved.formUnion([node.inode, other.inode])
      parentChanges[0].apply(of: name, in: &state)
      parentChanges[parentChanges.count - 1].apply(of: otherName, in: &state)
      return .done(())
    }
  }
}

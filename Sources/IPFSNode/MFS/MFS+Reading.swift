public import UnixFS

extension MFS {
  /// A node by its number, orphans included.
  ///
  /// - Throws: `notFound`.
  public func record(_ inode: InodeNumber) throws(NodeError) -> NodeRecord {
    try transact { state throws(NodeError) in .done(try node(inode, in: &state).record) }
  }

  /// The node of a name in a directory; nil if there is none.
  ///
  /// - Throws: `notFound` or `notDirectory` if `directory` is none.
  public func lookup(_ name: EntryName, in directory: InodeNumber) throws(NodeError) -> NodeRecord? {
    try transact { state throws(NodeError) in
      let (_, entries) = try self.directory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      state.touch(entries)
      return .done(entries.children?[name].flatMap { state.nodes[$0]?.record })
    }
  }

  /// The numbers of a directory's nodes, ascending.
  ///
  /// - Throws: `notFound` or `notDirectory` if `directory` is none.
  public func children(of directory: InodeNumber) throws(NodeError) -> [InodeNumber] {
    try transact { state throws(NodeError) in
      let (_, entries) = try self.directory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      state.touch(entries)
      if let sorted = entries.sortedChildren { return .done(sorted) }
      let sorted = entries.children?.values.sorted() ?? []
      entries.sortedChildren = sorted
      return .done(sorted)
    }
  }

  /// The names in a directory, in no order.
  ///
  /// - Throws: `notFound` or `notDirectory` if `directory` is none.
  package func names(in directory: InodeNumber) throws(NodeError) -> [EntryName] {
    try transact { state throws(NodeError) in
      let (_, entries) = try self.directory(directory, in: &state)
      guard let children = entries.children else { return .load(directory) }
      state.touch(entries)
      return .done(Array(children.keys))
    }
  }

  /// Nodes of a directory by their numbers, in the order given; those that are not in it any more are left out.
  ///
  /// - Throws: `notFound` or `notDirectory` if `directory` is none.
  public func records(
    _ inodes: ArraySlice<InodeNumber>, in directory: InodeNumber
  ) throws(NodeError) -> [NodeRecord] {
    try transact { state throws(NodeError) in
      let (_, entries) = try self.directory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      state.touch(entries)
      var records: [NodeRecord] = []
      records.reserveCapacity(inodes.count)
      for inode in inodes {
        if let node = state.nodes[inode], node.parent == directory { records.append(node.record) }
      }
      return .done(records)
    }
  }

  /// The files whose content is not committed: after a crash, those that were being written.
  public func uncommittedFiles() throws(NodeError) -> [NodeRecord] {
    try transact { state throws(NodeError) in
      var records: [NodeRecord] = []
      for inode in state.uncommitted.sorted() {
        records.append(try node(inode, in: &state).record)
      }
      return .done(records)
    }
  }
}

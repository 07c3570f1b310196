internal import CFuse3

extension Callbacks {
  /// Operations on names in directories.
  static func addNames(to table: inout fuse_lowlevel_ops) {
    addCreation(to: &table)
    addRemoval(to: &table)
    table.lookup = { raw, parent, rawName in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Callbacks.answerWithEntry(raw) { operations, context throws(Errno) in
        try await operations.lookup(name, in: NodeID(rawValue: parent), context)
      }
    }
  }

  private static func addCreation(to table: inout fuse_lowlevel_ops) {
    table.mknod = { raw, parent, rawName, mode, device in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Callbacks.answerWithEntry(raw) { operations, context throws(Errno) in
        try await operations.mknod(name, in: NodeID(rawValue: parent), mode: mode, device: UInt64(device), context)
      }
    }
    table.mkdir = { raw, parent, rawName, mode in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Callbacks.answerWithEntry(raw) { operations, context throws(Errno) in
        try await operations.mkdir(name, in: NodeID(rawValue: parent), mode: mode, context)
      }
    }
    table.symlink = { raw, rawTarget, parent, rawName in
      guard let raw, let rawTarget, let rawName else { return }
      let target = [UInt8](copying: rawTarget)
      let name = [UInt8](copying: rawName)
      Callbacks.answerWithEntry(raw) { operations, context throws(Errno) in
        try await operations.symlink(name, in: NodeID(rawValue: parent), target: target, context)
      }
    }
    table.link = { raw, node, parent, rawName in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Callbacks.answerWithEntry(raw) { operations, context throws(Errno) in
        try await operations.link(NodeID(rawValue: node), as: name, in: NodeID(rawValue: parent), context)
      }
    }
  }

  private static func addRemoval(to table: inout fuse_lowlevel_ops) {
    table.unlink = { raw, parent, rawName in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.unlink(name, in: NodeID(rawValue: parent), context)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.rmdir = { raw, parent, rawName in
      guard let raw, let rawName else { return }
      let name = [UInt8](copying: rawName)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.rmdir(name, in: NodeID(rawValue: parent), context)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.rename = { raw, parent, rawName, newParent, rawNewName, flags in
      guard let raw, let rawName, let rawNewName else { return }
      let name = [UInt8](copying: rawName)
      let newName = [UInt8](copying: rawNewName)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.rename(
          name, in: NodeID(rawValue: parent), to: newName, in: NodeID(rawValue: newParent),
          flags: RenameFlags(rawValue: flags), context)
      } answer: { reply, _ in
        reply.success()
      }
    }
  }

  /// Starts an operation whose answer is an entry.
  private static func answerWithEntry(
    _ raw: fuse_req_t,
    _ operation: @escaping @Sendable (any FuseOperations, RequestContext) async throws(Errno) -> Entry
  ) {
    Dispatcher.start(raw, operation) { reply, entry in
      reply.entry(entry)
    } takeBack: { operations, entry in
      takeBack(entry, operations)
    }
  }

  /// Takes back the lookup of an entry that the kernel never got.
  static func takeBack(_ entry: Entry, _ operations: any FuseOperations) {
    if entry.node.rawValue != 0 { operations.forget([ForgottenNode(node: entry.node, lookups: 1)]) }
  }
}

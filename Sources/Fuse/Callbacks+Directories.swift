internal import CFuse3

extension Callbacks {
  /// Operations on open directories.
  static func addDirectories(to table: inout fuse_lowlevel_ops) {
    table.opendir = { raw, node, info in
      guard let raw, let info else { return }
      let node = NodeID(rawValue: node)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.opendir(node, flags: flags, context)
      } answer: { reply, directory in
        reply.open(directory)
      } takeBack: { operations, directory in
        try? await operations.releasedir(node, handle: directory.handle)
      }
    }
    table.readdir = { raw, node, size, offset, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let memory = ReadBuffer(count: size, pool: Dispatcher.of(raw).buffers)
      let buffer = DirectoryBuffer(memory, isPlus: false)
      let position = UInt64(bitPattern: Int64(offset))
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.readdir(
          NodeID(rawValue: node), handle: handle, offset: position, into: buffer, context)
      } answer: { reply, _ in
        reply.bytes(buffer.bytes)
      }
    }
    table.readdirplus = { raw, node, size, offset, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let memory = ReadBuffer(count: size, pool: Dispatcher.of(raw).buffers)
      let buffer = DirectoryBuffer(memory, isPlus: true)
      let position = UInt64(bitPattern: Int64(offset))
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.readdirplus(
          NodeID(rawValue: node), handle: handle, offset: position, into: buffer, context)
      } answer: { reply, _ in
        reply.bytes(buffer.bytes)
      }
    }
    table.releasedir = { raw, node, info in
      guard let raw, let handle = FileHandle(info) else { return }
      Dispatcher.start(raw, for: .nobody) { operations, context throws(Errno) in
        try await operations.releasedir(NodeID(rawValue: node), handle: handle)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.fsyncdir = { raw, node, dataOnly, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let scope = dataOnly != 0 ? SyncScope.data : .everything
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.fsyncdir(NodeID(rawValue: node), handle: handle, scope: scope, context)
      } answer: { reply, _ in
        reply.success()
      }
    }
  }
}

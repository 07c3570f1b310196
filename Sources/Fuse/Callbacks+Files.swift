internal import CFuse3

extension Callbacks {
  /// Operations on open files.
  static func addFiles(to table: inout fuse_lowlevel_ops) {
    addOpening(to: &table)
    addContent(to: &table)
    addPositions(to: &table)
  }

  private static func addOpening(to table: inout fuse_lowlevel_ops) {
    table.open = { raw, node, info in
      guard let raw, let info else { return }
      let node = NodeID(rawValue: node)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.open(node, flags: flags, context)
      } answer: { reply, file in
        reply.open(file)
      } takeBack: { operations, file in
        try? await operations.release(node, handle: file.handle, flags: flags)
      }
    }
    table.create = { raw, parent, rawName, mode, info in
      guard let raw, let rawName, let info else { return }
      let name = [UInt8](copying: rawName)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.create(name, in: NodeID(rawValue: parent), mode: mode, flags: flags, context)
      } answer: { reply, created in
        reply.created(created)
      } takeBack: { operations, created in
        try? await operations.release(created.entry.node, handle: created.file.handle, flags: flags)
        Callbacks.takeBack(created.entry, operations)
      }
    }
    table.flush = { raw, node, info in
      guard let raw, let handle = FileHandle(info) else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.flush(NodeID(rawValue: node), handle: handle, context)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.release = { raw, node, info in
      guard let raw, let info else { return }
      let handle = FileHandle(rawValue: info.pointee.fh)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.start(raw, for: .nobody) { operations, context throws(Errno) in
        try await operations.release(NodeID(rawValue: node), handle: handle, flags: flags)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.fsync = { raw, node, dataOnly, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let scope = dataOnly != 0 ? SyncScope.data : .everything
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.fsync(NodeID(rawValue: node), handle: handle, scope: scope, context)
      } answer: { reply, _ in
        reply.success()
      }
    }
  }

  private static func addContent(to table: inout fuse_lowlevel_ops) {
    table.read = { raw, node, size, offset, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let buffer = ReadBuffer(count: size, pool: Dispatcher.of(raw).buffers)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.read(
          NodeID(rawValue: node), handle: handle, offset: UInt64(offset), into: buffer, context)
      } answer: { reply, count in
        precondition(0...buffer.count ~= count, "A read filled more than its buffer.")
        reply.bytes(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
      }
    }
    table.write = { raw, node, bytes, size, offset, info in
      guard let raw, let info else { return }
      let handle = FileHandle(rawValue: info.pointee.fh)
      let buffer = WriteBuffer(UnsafeRawBufferPointer(start: bytes, count: size))
      defer { buffer.invalidate() }
      let isFromPageCache = info.pointee.writepage != 0
      Dispatcher.start(raw) { operations, context throws(Errno) in
        let flags: WriteFlags = isFromPageCache ? .fromPageCache : context.uid == 0 ? [] : .clearsPrivilegeBits
        return try await operations.write(
          NodeID(rawValue: node), handle: handle, offset: UInt64(offset), from: buffer, flags: flags, context)
      } answer: { reply, count in
        reply.written(count)
      }
    }
  }

  private static func addPositions(to table: inout fuse_lowlevel_ops) {
    table.fallocate = { raw, node, mode, offset, length, info in
      guard let raw, let handle = FileHandle(info) else { return }
      // The kernel has checked that the range ends within what off_t can tell.
      let range = UInt64(offset)..<UInt64(offset) + UInt64(length)
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.fallocate(
          NodeID(rawValue: node), handle: handle, mode: UInt32(bitPattern: mode), range: range, context)
      } answer: { reply, _ in
        reply.success()
      }
    }
    table.lseek = { raw, node, offset, whence, info in
      guard let raw, let handle = FileHandle(info) else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        // The kernel deals with all others itself.
        guard offset >= 0, let target = SeekTarget(whence) else { throw .invalid }
        return try await operations.lseek(
          NodeID(rawValue: node), target, handle: handle, offset: UInt64(offset), context)
      } answer: { reply, offset in
        reply.offset(offset)
      }
    }
    table.copy_file_range = { raw, source, sourceOffset, sourceInfo, target, targetOffset, targetInfo, length, _ in
      guard
        let raw, let sourceHandle = FileHandle(sourceInfo), let targetHandle = FileHandle(targetInfo)
      else { return }
      let from = FilePosition(node: NodeID(rawValue: source), handle: sourceHandle, offset: UInt64(sourceOffset))
      let to = FilePosition(node: NodeID(rawValue: target), handle: targetHandle, offset: UInt64(targetOffset))
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.copyFileRange(from: from, to: to, length: UInt64(length), context)
      } answer: { reply, count in
        reply.written(Int(clamping: count))
      }
    }
  }
}

internal import CFuse3
internal import Glibc

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
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let file = try await operations.open(node, flags: flags, context)
          if reply.open(file) != 0 {
            // The caller was killed meanwhile: no release will come.
            try? await operations.release(node, handle: file.handle, flags: flags, context)
          }
        } catch {
          reply.error(error)
        }
      }
    }
    table.create = { raw, parent, name, mode, info in
      guard let raw, let name, let info else { return }
      let name = [UInt8](copying: name)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let created = try await operations.create(
            name, in: NodeID(rawValue: parent), mode: mode, flags: flags, context)
          if reply.created(created) != 0 {
            let node = created.entry.node
            try? await operations.release(node, handle: created.file.handle, flags: flags, context)
            operations.forget([ForgottenNode(node: node, lookups: 1)])
          }
        } catch {
          reply.error(error)
        }
      }
    }
    table.flush = { raw, node, info in
      guard let raw, let handle = FileHandle(info) else { return }
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.flush(NodeID(rawValue: node), handle: handle, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.release = { raw, node, info in
      guard let raw, let info else { return }
      let handle = FileHandle(rawValue: info.pointee.fh)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.release(NodeID(rawValue: node), handle: handle, flags: flags, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.fsync = { raw, node, dataOnly, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let scope = dataOnly != 0 ? SyncScope.data : .everything
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.fsync(NodeID(rawValue: node), handle: handle, scope: scope, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
  }

  private static func addContent(to table: inout fuse_lowlevel_ops) {
    table.read = { raw, node, size, offset, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let dispatcher = Dispatcher.of(raw)
      let buffer = ReadBuffer(count: size, pool: dispatcher.buffers)
      dispatcher.start(raw) { operations, context, reply in
        do throws(Errno) {
          let count = try await operations.read(
            NodeID(rawValue: node), handle: handle, offset: UInt64(offset), into: buffer, context)
          precondition(0...buffer.count ~= count, "A read filled more than its buffer.")
          reply.bytes(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        } catch {
          reply.error(error)
        }
      }
    }
    table.write = { raw, node, bytes, size, offset, info in
      guard let raw, let info else { return }
      let handle = FileHandle(rawValue: info.pointee.fh)
      let buffer = WriteBuffer(UnsafeRawBufferPointer(start: bytes, count: size))
      let isFromPageCache = info.pointee.writepage != 0
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        let flags: WriteFlags = isFromPageCache ? .fromPageCache : context.uid == 0 ? [] : .clearsPrivilegeBits
        do throws(Errno) {
          reply.written(
            try await operations.write(
              NodeID(rawValue: node), handle: handle, offset: UInt64(offset), from: buffer, flags: flags, context))
        } catch {
          reply.error(error)
        }
      }
      buffer.invalidate()
    }
  }

  private static func addPositions(to table: inout fuse_lowlevel_ops) {
    table.fallocate = { raw, node, mode, offset, length, info in
      guard let raw, let handle = FileHandle(info) else { return }
      // The kernel has checked that the range lies within what off_t can tell.
      let range = UInt64(offset)..<UInt64(offset) + UInt64(length)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.fallocate(
            NodeID(rawValue: node), handle: handle, mode: UInt32(bitPattern: mode), range: range, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.lseek = { raw, node, offset, whence, info in
      guard let raw, let handle = FileHandle(info) else { return }
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        // The kernel deals with all others itself.
        guard offset >= 0, let target = [SEEK_DATA: SeekTarget.data, SEEK_HOLE: .hole][whence] else {
          return reply.error(.invalid)
        }
        do throws(Errno) {
          reply.offset(
            try await operations.lseek(
              NodeID(rawValue: node), target, handle: handle, offset: UInt64(offset), context))
        } catch {
          reply.error(error)
        }
      }
    }
    table.copy_file_range = { raw, source, sourceOffset, sourceInfo, target, targetOffset, targetInfo, length, _ in
      guard let raw, let sourceHandle = FileHandle(sourceInfo), let targetHandle = FileHandle(targetInfo) else {
        return
      }
      let from = FilePosition(node: NodeID(rawValue: source), handle: sourceHandle, offset: UInt64(sourceOffset))
      let to = FilePosition(node: NodeID(rawValue: target), handle: targetHandle, offset: UInt64(targetOffset))
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let count = try await operations.copyFileRange(from: from, to: to, length: UInt64(length), context)
          reply.written(Int(clamping: count))
        } catch {
          reply.error(error)
        }
      }
    }
  }
}

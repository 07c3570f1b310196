internal import CFuse3

extension Callbacks {
  /// Operations on open directories.
  static func addDirectories(to table: inout fuse_lowlevel_ops) {
    table.opendir = { raw, node, info in
      guard let raw, let info else { return }
      let node = NodeID(rawValue: node)
      let flags = OpenFlags(rawValue: info.pointee.flags)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let directory = try await operations.opendir(node, flags: flags, context)
          if reply.open(directory) != 0 {
            // The caller was killed meanwhile: no release will come.
            try? await operations.releasedir(node, handle: directory.handle, context)
          }
        } catch {
          reply.error(error)
        }
      }
    }
    table.readdir = { raw, node, size, offset, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let dispatcher = Dispatcher.of(raw)
      let buffer = DirectoryBuffer(memory: ReadBuffer(count: size, pool: dispatcher.buffers), isPlus: false)
      dispatcher.start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.readdir(
            NodeID(rawValue: node), handle: handle, offset: UInt64(bitPattern: Int64(offset)), into: buffer, context)
          reply.bytes(buffer.bytes)
        } catch {
          reply.error(error)
        }
      }
    }
    table.readdirplus = { raw, node, size, offset, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let dispatcher = Dispatcher.of(raw)
      let buffer = DirectoryBuffer(memory: ReadBuffer(count: size, pool: dispatcher.buffers), isPlus: true)
      dispatcher.start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.readdirplus(
            NodeID(rawValue: node), handle: handle, offset: UInt64(bitPattern: Int64(offset)), into: buffer, context)
          reply.bytes(buffer.bytes)
        } catch {
          reply.error(error)
        }
      }
    }
    table.releasedir = { raw, node, info in
      guard let raw, let handle = FileHandle(info) else { return }
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.releasedir(NodeID(rawValue: node), handle: handle, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.fsyncdir = { raw, node, dataOnly, info in
      guard let raw, let handle = FileHandle(info) else { return }
      let scope = dataOnly != 0 ? SyncScope.data : .everything
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.fsyncdir(NodeID(rawValue: node), handle: handle, scope: scope, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
  }
}

internal import CFuse3

extension Callbacks {
  /// Operations on names in directories.
  static func addNames(to table: inout fuse_lowlevel_ops) {
    table.lookup = { raw, parent, name in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let entry = try await operations.lookup(name, in: NodeID(rawValue: parent), context)
          answer(reply, entry, operations)
        } catch {
          reply.error(error)
        }
      }
    }
    table.mknod = { raw, parent, name, mode, device in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let entry = try await operations.mknod(
            name, in: NodeID(rawValue: parent), mode: mode, device: UInt64(device), context)
          answer(reply, entry, operations)
        } catch {
          reply.error(error)
        }
      }
    }
    table.mkdir = { raw, parent, name, mode in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let entry = try await operations.mkdir(name, in: NodeID(rawValue: parent), mode: mode, context)
          answer(reply, entry, operations)
        } catch {
          reply.error(error)
        }
      }
    }
    table.symlink = { raw, target, parent, name in
      guard let raw, let target, let name else { return }
      let target = [UInt8](copying: target)
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let entry = try await operations.symlink(name, in: NodeID(rawValue: parent), target: target, context)
          answer(reply, entry, operations)
        } catch {
          reply.error(error)
        }
      }
    }
    table.link = { raw, node, parent, name in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let entry = try await operations.link(
            NodeID(rawValue: node), as: name, in: NodeID(rawValue: parent), context)
          answer(reply, entry, operations)
        } catch {
          reply.error(error)
        }
      }
    }
    addRemoval(to: &table)
  }

  private static func addRemoval(to table: inout fuse_lowlevel_ops) {
    table.unlink = { raw, parent, name in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.unlink(name, in: NodeID(rawValue: parent), context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.rmdir = { raw, parent, name in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.rmdir(name, in: NodeID(rawValue: parent), context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.rename = { raw, parent, name, newParent, newName, flags in
      guard let raw, let name, let newName else { return }
      let name = [UInt8](copying: name)
      let newName = [UInt8](copying: newName)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.rename(
            name, in: NodeID(rawValue: parent), to: newName, in: NodeID(rawValue: newParent),
            flags: RenameFlags(rawValue: flags), context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
  }

  /// Answers with an entry, and takes the lookup back if the answer came to nobody.
  private static func answer(_ reply: consuming Reply, _ entry: Entry, _ operations: any FuseOperations) {
    if reply.entry(entry) != 0, entry.node.rawValue != 0 {
      operations.forget([ForgottenNode(node: entry.node, lookups: 1)])
    }
  }
}

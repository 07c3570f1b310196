internal import CFuse3
internal import Glibc

extension Callbacks {
  /// Operations on extended attributes.
  static func addExtendedAttributes(to table: inout fuse_lowlevel_ops) {
    table.setxattr = { raw, node, name, value, size, flags in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      let value = [UInt8](UnsafeRawBufferPointer(start: value, count: size))
      let creation: AttributeCreation =
        flags & Int32(XATTR_CREATE.rawValue) != 0
        ? .createOnly : flags & Int32(XATTR_REPLACE.rawValue) != 0 ? .replaceOnly : .any
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.setxattr(
            NodeID(rawValue: node), name: name, value: value, creation: creation, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
    table.getxattr = { raw, node, name, space in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          reply.attribute(
            try await operations.getxattr(NodeID(rawValue: node), name: name, context), space: space)
        } catch {
          reply.error(error)
        }
      }
    }
    table.listxattr = { raw, node, space in
      guard let raw else { return }
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          let names = try await operations.listxattr(NodeID(rawValue: node), context)
          reply.attribute(names.flatMap { $0 + [0] }, space: space)
        } catch {
          reply.error(error)
        }
      }
    }
    table.removexattr = { raw, node, name in
      guard let raw, let name else { return }
      let name = [UInt8](copying: name)
      Dispatcher.of(raw).start(raw) { operations, context, reply in
        do throws(Errno) {
          try await operations.removexattr(NodeID(rawValue: node), name: name, context)
          reply.success()
        } catch {
          reply.error(error)
        }
      }
    }
  }
}

internal import CFuse3
internal import Glibc
internal import Logging

extension Session {
  /// Makes libfuse's session and mounts it.
  func makeMount(at path: String) throws(FuseError) -> Mount {
    let resolved = try MountPoint.check(path)
    LibraryLog.send(to: logger)
    let session = try makeSession()
    let (result, lines) = LibraryLog.collecting { fuse_session_mount(session.pointer, resolved) }
    guard result == 0 else {
      fuse_session_destroy(session.pointer)
      throw Self.mountError(resolved, lines)
    }
    do throws(FuseError) {
      guard let row = try MountTable.current().top(at: resolved) else {
        throw FuseError(.mountFailed, "the mount at \(resolved) is gone again")
      }
      var access = Callbacks.deviceAccess()
      let result = fuse_session_custom_io(session.pointer, &access, fuse_session_fd(session.pointer))
      guard result == 0 else {
        throw FuseError(.mountFailed, "cannot take the device", cause: Errno(rawValue: -result))
      }
      return Mount(session: session, device: row.device)
    } catch {
      fuse_session_unmount(session.pointer)
      fuse_session_destroy(session.pointer)
      throw error
    }
  }

  private func makeSession() throws(FuseError) -> RawSession {
    let arguments = [configuration.subtype, "-o" + configuration.mountOptionList]
    var values: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    defer { for value in values { free(value) } }
    let (session, lines) = LibraryLog.collecting {
      values.withUnsafeMutableBufferPointer { values in
        var list = cfuse_args(Int32(values.count), values.baseAddress)
        var table = callbacks
        // The library copies the table and, if it changes them, the arguments.
        let session = cfuse_session_new(&list, &table, Unmanaged.passUnretained(dispatcher).toOpaque())
        fuse_opt_free_args(&list)
        return session.map { RawSession(pointer: $0) }
      }
    }
    guard let session else {
      throw FuseError(.invalidOptions, lines.last ?? "libfuse does not accept the mount options")
    }
    return session
  }

  private static func mountError(_ path: String, _ lines: [String]) -> FuseError {
    let reason = lines.last ?? "libfuse did not say why"
    if access("/dev/fuse", F_OK) != 0 {
      return FuseError(.deviceMissing, "cannot mount at \(path): there is no /dev/fuse (try modprobe fuse)")
    }
    if access("/dev/fuse", R_OK | W_OK) != 0 {
      return FuseError(.notPermitted, "cannot mount at \(path): this user may not open /dev/fuse", cause: .current)
    }
    // libfuse tells the cause by its text only; the texts are the C library's.
    for (number, code) in [
      (EPERM, FuseError.Code.notPermitted), (EACCES, .notPermitted), (EBUSY, .mountPointBusy),
      (EINVAL, .invalidOptions),
    ] {
      let cause = Errno(rawValue: number)
      if reason.hasSuffix(cause.description) { return FuseError(code, "cannot mount at \(path)", cause: cause) }
    }
    // Without privileges the setuid program fusermount3 mounts; its words go to standard error.
    if geteuid() != 0 { return FuseError(.notPermitted, "cannot mount at \(path) as this user: \(reason)") }
    return FuseError(.mountFailed, "cannot mount at \(path): \(reason)")
  }
}

extension Session.Mount {
  /// Has the kernel write all dirty pages of the file system, as far as it can.
  func writeDirtyPages(_ logger: Logger) {
    guard let path = places.first?.mountPoint else { return }
    do throws(Errno) {
      try MountPoint.writeDirtyPages(path)
    } catch {
      logger.error("not all pages were written before the unmount", metadata: ["error": "\(error)"])
    }
  }

  /// Has the kernel give up all requests and take no answer any more, where fusectl is mounted.
  func abortConnection() {
    let control = open("/sys/fs/fuse/connections/\(device.minor)/abort", O_WRONLY | O_CLOEXEC)
    guard control >= 0 else { return }
    _ = write(control, "1", 1)
    close(control)
  }

  /// Where the file system is mounted by now, whole or in part, in the order of mounting.
  var places: [MountTable.Row] { (try? MountTable.current().places(of: device)) ?? [] }

  /// Unmounts for all who come later, wherever the file system is still mounted. Who uses it, goes on for now.
  func detach(_ logger: Logger) {
    for path in places.reversed().map(\.mountPoint) {
      do throws(FuseError) {
        try MountPoint.detach(path)
      } catch {
        logger.error("cannot unmount", metadata: ["path": "\(path)", "error": "\(error)"])
      }
    }
  }
}

extension SessionConfiguration {
  /// The options for libfuse and the kernel.
  var mountOptionList: String {
    var options = ["fsname=" + Self.escape(source), "subtype=" + Self.escape(subtype), "max_read=\(maximumTransfer)"]
    if logsRequests { options.append("debug") }
    return (options + mountOptions).joined(separator: ",")
  }

  /// libfuse takes a comma after a backslash for part of a value.
  private static func escape(_ value: String) -> String {
    String(value.flatMap { $0 == "," || $0 == "\\" ? ["\\", $0] : [$0] })
  }

  /// Raises how much the kernel reads ahead, where sysfs lets us.
  func raiseReadAhead(of device: DeviceNumber, _ logger: Logger) {
    guard let readAheadKiB else { return }
    let setting = open("/sys/class/bdi/\(device)/read_ahead_kb", O_WRONLY | O_CLOEXEC)
    guard setting >= 0 else {
      logger.debug("read-ahead stays as it is", metadata: ["error": "\(Errno.current)"])
      return
    }
    defer { close(setting) }
    var text = "\(readAheadKiB)"
    let written = text.withUTF8 { write(setting, $0.baseAddress, $0.count) }
    if written < 0 { logger.debug("read-ahead stays as it is", metadata: ["error": "\(Errno.current)"]) }
  }
}

/// The width of the terminal behind a file descriptor; nil where it is no terminal, or does not say.
package func terminalColumns(of descriptor: Int32) -> Int? {
    var size = winsize()
    return unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
}

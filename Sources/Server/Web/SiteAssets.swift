// The files in Assets/, compiled into the program: the style sheet, the scripts and the icon. Constant.

enum SiteAssets {
    static let style = StaticReply("text/css; charset=utf-8", PackageResources.style_css)
    /// The script of all pages.
    static let script = StaticReply("text/javascript; charset=utf-8", PackageResources.site_js)
    /// The script of the API reference.
    static let playground = StaticReply("text/javascript; charset=utf-8", PackageResources.playground_js)
    static let icon = StaticReply("image/svg+xml", PackageResources.favicon_svg)
}

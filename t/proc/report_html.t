#!/usr/bin/perl
# report_html.t: smtptrap report --format html: the page over the logs of real sessions, which
# try to put markup into it, as a parser of HTML and as a browser see it.
use strict;
use warnings;
use utf8;
use Compress::Zlib qw(crc32);
use Encode qw(encode);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;
use Trap;
use Trap::Browser;
use Trap::Cert;
use Trap::Experiment;
use Trap::File qw(slurp spew);
use Trap::Process;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output todo_output);
my $work = tempdir('html-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $x = Trap::Experiment->new(weights => {legacy => 50, none => 50},
    new => {conf => {tls => {'client-certificate' => 'request'}}});
my $trap = $x->trap;

# ---- traffic ----

# What would set window.hacked if it ran, and text that pretends.
my $SCRIPT = q{<script>window.hacked=1</script>};
my $IMAGE = q{<img/src=x/onerror="window.hacked=2">};
my $ODD = qq{"'&amp;&<b>\x01\x7f} . encode('UTF-8', "\x{202e}txt.exe");

# A certificate that says of itself what it likes.
sub certificate {
    my ($name) = @_;
    my $base = "$work/client";
    my ($out, $err, $status) = Trap::Process::run(qw(openssl req -x509 -nodes -days 30 -newkey ec -pkeyopt ec_paramgen_curve:P-256
        -utf8 -keyout), "$base.key", '-out', "$base.pem", '-subj', '/O=Odd/CN=' . $name =~ s/([\/\\])/\\$1/gr);
    die "openssl req: $err" if $status;
    return ("$base.pem", "$base.key");
}

my $ip = $x->arms->address('legacy');
my %TLS = ('1.0' => 'TLSv1', '1.1' => 'TLSv1_1', '1.2' => 'TLSv1_2', '1.3' => 'TLSv1_3');

sub session {
    my (%o) = @_;
    my $c = $trap->client(local => $o{ip} // $ip);
    $c->cmd("EHLO $_") for my $helo = $o{helo} // 'client.test';
    if ($o{tls}) {
        $c->starttls(SSL_version => $TLS{$o{tls}}, SSL_cipher_list => 'ALL:@SECLEVEL=0', %{$o{with} // {}});
        $c->cmd("EHLO $helo");
    }
    $c->send_message(from => $o{from} // 'a@client.test', data => $_) for @{$o{messages} // []};
    $c->quit;
}

my $evil = "Subject: $SCRIPT $ODD\r\nX-Mailer: $IMAGE\r\nDKIM-Signature: v=1; d=$SCRIPT; s=a\r\n\r\n$SCRIPT\r\n";
my ($cert, $key) = certificate($SCRIPT . ' "\'&' . encode('UTF-8', "\x{202e}"));
session(tls => $_, messages => ["Subject: x\r\n\r\nx\r\n"]) for sort keys %TLS;
session(helo => $_, messages => [$evil]) for $SCRIPT, $IMAGE, $ODD, "tail\x1b]0;title\x07", "\xff\xfe";
session(tls => '1.2', helo => $SCRIPT, with => {SSL_cert_file => $cert, SSL_key_file => $key, SSL_hostname => $SCRIPT}, messages => [$evil]);
session(helo => 'ten') for 1 .. 10;
session(helo => 'nine') for 1 .. 9;
session(ip => $x->arms->address('none'), messages => ["Subject: x\r\n\r\nx\r\n"]) for 1 .. 3;
for my $bytes ("\x15\x03\x01\x00\x02\x02\x28", "GET / HTTP/1.0\r\n\r\n") {
    my $c = $trap->client(local => $ip);
    $c->cmd($_) for 'EHLO fails.test', 'STARTTLS';
    $c->send($bytes);
    $c->drain;
    $c->close;
}
$trap->done;

my $logs = $trap->logs;
my @command = ('--since', '2020-01-01', '--where', q{helo != "it's"});

sub report {
    my (@options) = @_;
    my ($out, $err, $status) = $trap->smtptrap('report', @options);
    is_deeply([$err, $status], ['', 0], "report @options[0, 1] is made");
    return $out;
}

sub page { my ($name, @options) = @_; return spew("$work/$name", report('--format', 'html', @options)) }

my $page = page('page.html', @command, $logs);
my $json = decode_json(report(qw(--format json), @command, 'all', $logs));

# ---- the text ----

sub is_well_formed {
    my ($file, $what) = @_;
    my $html = slurp($file);
    SKIP: {
        my $tidy = Trap::Process::program('tidy') or skip 'there is no tidy', 1;
        my ($out, $err) = Trap::Process::run($tidy, qw(-quiet -errors -utf8 --drop-empty-elements no), $file);
        is(join("\n", grep { !/proprietary attribute|lacks "summary"/ } split /\n/, $err), '', "$what: tidy finds nothing");
    }
    SKIP: {
        my $xmllint = Trap::Process::program('xmllint') or skip 'there is no xmllint', 1;
        my $cut = spew("$work/cut.xml", $html =~ s{<(style|script)>.*?</\g1>}{}gsr);
        my ($out, $err, $status) = Trap::Process::run($xmllint, qw(--noout --nonet), $cut);
        is_deeply([$err, $status], ['', 0], "$what: every element is closed, every attribute quoted");
    }
    my %id;
    $id{$1}++ while $html =~ / id="([^"]+)"/g;
    is_deeply([grep { $id{$_} > 1 } sort keys %id], [], "$what: no identifier stands twice");
    is_deeply([grep { !$id{$_} } $html =~ /href="#([^"]+)"/g], [], "$what: links lead somewhere");
    is_deeply([grep { !$id{$_} } map { split ' ' } $html =~ /aria-labelledby="([^"]+)"/g], [], "$what: and so do names");
}

subtest 'the page is HTML' => sub {
    is_well_formed($page, 'the page');
    my $html = slurp($page);
    unlike($html, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'it holds no control bytes') if $html =~ s{<(style|script)>.*?</\g1>}{}gs;
    unlike($html, qr/\xe2\x80[\xaa-\xae]/, 'nor what turns the direction of text');
    is(scalar(() = $html =~ /<script/g), 0, 'nor another script');
    like($html, qr/&lt;script&gt;window\.hacked=1&lt;\/script&gt;/, 'but the text of one');
    unlike($html, qr{(?:src|href)="(?!#)|url\(|\@import|https?:}, 'nor anything to be fetched');
    unlike($html, qr/ (?:style|on\w+)="/, 'nor styles and handlers in elements');
};

# A command of the page, as a shell has it.
sub unescape { return $_[0] =~ s/&lt;/</gr =~ s/&gt;/>/gr =~ s/&quot;/"/gr =~ s/&#39;/'/gr =~ s/&amp;/&/gr }

subtest 'each table shows the command that prints it' => sub {
    my %shown;
    my $html = slurp($page);
    $shown{$1} = unescape($2) while $html =~ m{<h2 id="(\w+)">\w+</h2>.*?<code>(.*?)</code>}gs;
    delete $shown{overview};
    my %tables = map { $_->{table} => 1 } @{$json->{sections}};
    is_deeply([sort keys %shown], [sort keys %tables], 'every table has one');
    local $ENV{PATH} = "$Trap::BUILD:$ENV{PATH}";
    for my $table (sort keys %shown) {
        my ($out, $err, $status) = Trap::Process::run('sh', '-c', $shown{$table});
        is_deeply([$err, $status], ['', 0], "$table: it can be run");
        is_deeply([$out =~ /^(\w+ \w+):/mg], [map { "$table $_->{section}" } grep { $_->{table} eq $table } @{$json->{sections}}], "$table: and prints these sections");
    }
    my ($whole) = $html =~ m{This page</h2>.*?<code>(.*?)</code>}s;
    my ($out) = Trap::Process::run('sh', '-c', unescape($whole));
    is($out, $html, 'and that of the whole page makes it again');
    like(report(qw(--format html --since 2h tls)), qr/--since 20\d\d-\d\d-\d\dT[\d:.]+Z tls/, 'a time that is counted from now is written out');
};

subtest 'tables and times can be chosen' => sub {
    my $html = slurp(page('tls.html', 'tls', $logs));
    is_deeply([$html =~ /<h2 id="(\w+)"/g], [qw(overview tls)], 'one table alone');
    unlike($html, qr/<figure/, 'has no charts of others');
    my $by = page('by.html', qw(--by hour all), $logs);
    is_well_formed($by, 'by hour');
    like(slurp($by), qr/id="chart-$_"/, "by hour: $_ is there") for qw(course paths reasons week);
};

# What does not depend on how a page came about.
sub figures { return slurp($_[0]) =~ s{<p class="command">.*?</p>}{}gsr =~ s/\d+ files;//r }

subtest 'partial reports make the same page' => sub {
    my @files = grep { !/mail-/ } glob "$logs/*.gz";
    my @partial = map { spew("$work/partial$_", report(qw(--partial all), $files[$_])) } 0 .. $#files;
    my $merged = page('merged.html', '--merge', @partial);
    is(figures($merged), figures(page('whole.html', $logs)), 'but for the commands');
    my %command = map { $_ => 1 } slurp($merged) =~ m{</p>\n<p class="command"><code>(.*?)</code>}g;
    is_deeply([map { s/^smtptrap -[df] \S+ //r } sort keys %command], ["report --merge @partial"], 'which name them');
};

my $empty = page('empty.html', '--until', '2001-01-01', $logs);
subtest 'logs without records make a page that says so' => sub {
    is_well_formed($empty, 'the empty page');
    like(slurp($empty), qr/There is nothing to show/, 'it says so');
    unlike(slurp($empty), qr/<table|<figure/, 'and has neither tables nor charts');
};

subtest 'partial reports of strangers make no other page' => sub {
    my $made = 0;
    for my $seed (sort glob "$Trap::SOURCE/t/fuzz/corpus/report/*") {
        my $bytes = slurp($seed);
        my $file = spew("$work/seed", $bytes . pack 'V', crc32($bytes));
        my ($out, $err, $status) = $trap->smtptrap(qw(report --merge --format html), $file);
        my ($name) = $seed =~ /([^\/]+)$/;
        ok($status == 0 || ($status >> 8 == 1 && $out eq '' && $err =~ /no partial report/), "$name: a page, or none") or diag "$status $err";
        next if $status;
        $made++;
        is_well_formed(spew("$work/seed.html", $out), $name);
    }
    cmp_ok($made, '>=', 5, 'some made a page');
};

# ---- in a browser ----

my $missing = Trap::Browser->missing;
if ($missing) {
    diag "there is no $missing: the page was not shown";
    done_testing;
    exit;
}
my $browser = Trap::Browser->new;
$browser->open($page);

# Cells as they are shown: table => [[class of the row, {head => text}], ...]
my $CELLS = <<'JS';
return Object.fromEntries(Array.from(document.querySelectorAll('table'), t => [t.id, Array.from(t.querySelectorAll('tbody tr, tfoot tr'),
    row => [row.className, Array.from(row.cells, c => c.textContent)])]));
JS
my $heads = $browser->script(<<'JS');
return Object.fromEntries(Array.from(document.querySelectorAll('table'), t => [t.id, Array.from(t.tHead.rows[0].cells, c => c.textContent)]));
JS

# As term_put() shows it.
sub shown {
    my ($text) = @_;
    $text =~ s/\\/\\\\/g;
    $text =~ s/([\x00-\x1f\x7f])/sprintf '\\x%02x', ord $1/ge;
    $text =~ s/([\x{80}-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}])/sprintf '\\u{%x}', ord $1/ge;
    return $text;
}

my %KEY = (time => 'time', count => 'count', of => 'of', percent => 'percent', '95 % from' => 'low', to => 'high', addresses => 'addresses',
    '/24' => 'net24', '/64' => 'net64', days => 'days', 'first seen' => 'first', 'last seen' => 'last');

# The cells that a row of JSON must have.
sub cells_of {
    my ($section, $row, @heads) = @_;
    my %class = (value => '', total => 'total', others => 'rest');
    return [$class{$row->{kind}}, [map {
        my $value = $KEY{$_} ? $row->{$KEY{$_}} : $row->{kind} eq 'value' ? shown($row->{value}) : $row->{kind};
        !defined $value ? '' : /^(?:percent|95 % from|to)$/ ? sprintf '%.1f', $value : "$value";
    } @heads]];
}

subtest 'every number of every table is that of the JSON' => sub {
    my $cells = $browser->script($CELLS);
    my @ids = map { "$_->{table}-$_->{section}" } @{$json->{sections}};
    is_deeply([sort keys %$cells], [sort @ids], 'all sections are there');
    for my $section (@{$json->{sections}}) {
        my $id = "$section->{table}-$section->{section}";
        my @want = map { cells_of($section, $_, @{$heads->{$id}}) } @{$section->{rows}};
        $_->[1][0] =~ s/^\d+ others$/others/ for @{$cells->{$id}};
        is_deeply($cells->{$id}, @want ? \@want : [['', ['none']]], $id) or diag explain $cells->{$id}, \@want;
    }
};

subtest 'nothing that peers sent runs, and it is shown as it is' => sub {
    is($browser->script('return window.hacked === undefined'), JSON::PP::true, 'no script of theirs has run');
    is($browser->script('return document.querySelectorAll("main script, main img, main b").length'), 0, 'they made no elements');
    my $text = join "\n", map { join ' ', @{$_->[1]} } map { @$_ } values %{$browser->script($CELLS)};
    like($text, qr/\Q$_\E/, 'shown: ' . $_) for $SCRIPT, $IMAGE, q{"'&amp;&<b>\x01\x7f\u{202e}txt.exe}, 'tail\x1b]0;title\x07', "\x{fffd}\x{fffd}";
    like($text, qr/CN=\S*script.*window\.hacked.*\\u\{202e\}/, 'shown: the name in a certificate');
};

subtest 'the page asks for nothing and complains of nothing' => sub {
    is($browser->script('return performance.getEntriesByType("resource").length'), 0, 'it loads nothing');
    is_deeply([map { $_->{message} } $browser->console], [], 'the console is empty');
};

subtest 'a click at a head sorts' => sub {
    my $column = sub { my ($n) = @_; return [map { $_->[1][$n] } grep { $_->[0] eq '' } @{$browser->script($CELLS)->{'helo-names'}}] };
    my $sorted = sub { $browser->script('return Array.from(document.querySelectorAll("#helo-names th[aria-sort]"), t => t.cellIndex + " " + t.getAttribute("aria-sort"))') };
    my @count = @{$column->(1)};
    $browser->click('#helo-names thead th:nth-child(2) button');
    is_deeply($column->(1), [sort { $b <=> $a } @count], 'numbers as numbers, the largest first');
    is_deeply($sorted->(), ['1 descending'], 'and says so');
    $browser->click('#helo-names thead th:nth-child(2) button');
    is_deeply($column->(1), [sort { $a <=> $b } @count], 'then the smallest first');
    cmp_ok("@{$column->(1)}", 'ne', join(' ', sort @count), 'which is not the order of texts');
    $browser->click('#helo-names thead th:first-child button');
    is_deeply($column->(0), [sort @{$column->(0)}], 'labels in the order of their characters');
    is_deeply($sorted->(), ['0 ascending'], 'one column at a time');
    is($browser->script('return document.querySelector("#helo-names tfoot tr:last-child").className'), 'total', 'the total stays at the end');
    like($browser->script('return document.getElementById("said").textContent'), qr/^names sorted by .*, ascending$/, 'it is said to those who do not see it');
};

subtest 'the keyboard does as well' => sub {
    $browser->script('document.querySelector("#tls-outcomes thead button").focus()');
    $browser->keys("\x{e004}"); # Tab
    is($browser->script('return document.activeElement.closest("th").textContent'), 'count', 'Tab goes to the next head');
    $browser->keys("\x{e007}"); # Enter
    is($browser->script('return document.activeElement.closest("th").getAttribute("aria-sort")'), 'descending', 'Enter sorts');
    $browser->keys(' ');
    is($browser->script('return document.activeElement.closest("th").getAttribute("aria-sort")'), 'ascending', 'and so does the space bar');
    cmp_ok($browser->script('const s = getComputedStyle(document.activeElement); return s.outlineStyle === "none" ? 0 : parseFloat(s.outlineWidth)'), '>=', 2, 'where the focus is can be seen');
    $browser->open($page);
    $browser->keys("\x{e004}");
    is($browser->script('return document.activeElement.getAttribute("href")'), '#main', 'the first Tab of all goes to the link past the contents');
};

subtest 'a command can be copied' => sub {
    $browser->click('section.table .command button');
    ok(Trap::wait_for(60, sub { $browser->script('return document.querySelector(".command button").textContent') =~ /^(?:Copied|Selected)$/ }), 'it says so');
    is($browser->script('return getSelection().toString()'), $browser->script('return document.querySelector(".command code").textContent'), 'and is selected');
};

subtest 'tables and pictures have names' => sub {
    is($browser->script('return Array.from(document.querySelectorAll("table")).filter(t => !t.caption || !t.caption.textContent.trim()).length'), 0, 'every table has a caption');
    is($browser->script('return document.querySelectorAll("thead th:not([scope=col]), tbody th:not([scope=row]), tfoot th:not([scope=row])").length'), 0, 'every head has a scope');
    is($browser->script('return Array.from(document.querySelectorAll("tbody tr, tfoot tr")).filter(r => !r.querySelector("th") && !r.querySelector("[colspan]")).length'), 0, 'every row has a head');
    my $svg = $browser->script('return Array.from(document.querySelectorAll("svg[role=img]"), s => [s.querySelector(":scope > title").textContent, s.querySelector(":scope > desc").textContent])');
    is(scalar @$svg, 4, 'there are four charts');
    ok($_->[0] =~ /\w/ && $_->[1] =~ /\d/, "$_->[0]: has a title, and its figures in words") for @$svg;
    is($browser->script('return document.querySelectorAll("svg:not([role=img]):not([aria-hidden=true])").length'), 0, 'other pictures are ornament');
    my @levels = @{$browser->script('return Array.from(document.querySelectorAll("h1, h2, h3, h4"), h => +h.tagName[1])')};
    is_deeply([grep { $levels[$_] > $levels[$_ - 1] + 1 } 1 .. $#levels], [], 'heads are in order');
    is($browser->script('return document.documentElement.lang'), 'en', 'the language is named');
};

# Texts with less contrast to what is behind them than WCAG AA asks for.
my $PALE = <<'JS';
function parts(c) { const p = c.match(/[\d.]+/g).map(Number); return {rgb: p.slice(0, 3), alpha: p.length > 3 ? p[3] : 1}; }
function light(rgb) {
    const [r, g, b] = rgb.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(e) {
    for (; e; e = e.parentElement) {
        const c = parts(getComputedStyle(e).backgroundColor);
        if (c.alpha === 1) return c.rgb;
    }
    return [255, 255, 255];
}
const pale = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let seen = 0;
for (let n; (n = walk.nextNode());) {
    const e = n.parentElement;
    if (!n.textContent.trim() || e.closest('script, style, title, desc')) continue;
    const s = getComputedStyle(e), c = parts(e.closest('svg') ? s.fill : s.color);
    const a = light(c.rgb), b = light(behind(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen++;
    if (c.alpha !== 1 || s.opacity !== '1' || ratio < 4.5) pale.push(`${e.tagName} ${e.className.baseVal ?? e.className} ${n.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
}
return [seen, [...new Set(pale)]];
JS

subtest 'light and dark' => sub {
    my %back;
    for my $scheme (qw(light dark)) {
        $browser->prefer($scheme);
        my ($seen, $pale) = @{$browser->script($PALE)};
        cmp_ok($seen, '>', 500, "$scheme: texts are looked at");
        is_deeply($pale, [], "$scheme: all have a contrast of 4.5 at least");
        $back{$scheme} = $browser->script('return getComputedStyle(document.body).backgroundColor');
    }
    isnt($back{light}, $back{dark}, 'the page follows what is preferred');
    is($browser->script('return document.getElementById("theme").textContent'), 'Light colours', 'and offers the other');
    $browser->click('#theme');
    is($browser->script('return getComputedStyle(document.body).backgroundColor'), $back{light}, 'which it then has');
    $browser->prefer('light');
};

subtest 'narrow and wide' => sub {
    for my $width (360, 768, 1280) {
        $browser->size($width, 800);
        cmp_ok($browser->script('return document.documentElement.scrollWidth'), '<=', $width, "$width pixels: the page is not wider");
        is($browser->script('return Array.from(document.querySelectorAll(".scroll")).filter(s => s.getBoundingClientRect().right > innerWidth).length'), 0, "$width pixels: nor is a table's frame");
    }
    $browser->size(360, 800);
    ok(Trap::wait_for(60, sub { $browser->script('return Array.from(document.querySelectorAll(".scroll")).some(s => s.scrollWidth > s.clientWidth && s.tabIndex === 0)') }), 'what is scrolled can be reached by the keyboard');
};

subtest 'on paper' => sub {
    $browser->cdp('Emulation.setEmulatedMedia', {media => 'print'});
    is($browser->script('return Array.from(document.querySelectorAll("thead th")).filter(t => !t.innerText.trim()).length'), 0, 'columns have their heads');
    is($browser->script('return Array.from(document.querySelectorAll("nav, .command button, #theme")).filter(e => e.checkVisibility()).length'), 0, 'there is nothing to click at');
    is($browser->script('return Array.from(document.querySelectorAll(".scroll")).filter(s => getComputedStyle(s).overflow !== "visible").length'), 0, 'nor anything to scroll');
    is($browser->script('return getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', 'it is white');
    like($browser->pdf, qr/^%PDF-/, 'it can be printed');
    $browser->cdp('Emulation.setEmulatedMedia', {media => ''});
};

subtest 'other pages' => sub {
    for my $file ($empty, "$work/by.html", "$work/merged.html") {
        $browser->open($file);
        is_deeply([map { $_->{message} } $browser->console], [], "$file: the console is empty");
        is($browser->script('return window.hacked === undefined'), JSON::PP::true, 'nothing of theirs has run');
    }
};

subtest 'the policy lets no other script and style in' => sub {
    $browser->script(q{const s = document.createElement('script'); s.textContent = 'window.hacked = 3'; document.body.append(s)});
    $browser->script(q{document.body.insertAdjacentHTML('beforeend', '<p id="x" style="color: red" onclick="window.hacked = 4">x</p>'); document.getElementById('x').click()});
    is($browser->script('return window.hacked === undefined'), JSON::PP::true, 'scripts do not run');
    isnt($browser->script('return getComputedStyle(document.getElementById("x")).color'), 'rgb(255, 0, 0)', 'styles do not count');
    cmp_ok(scalar(grep { $_->{message} =~ /Content Security Policy/ } $browser->console), '>=', 3, 'and the browser says why');
};

$browser->stop;
done_testing;

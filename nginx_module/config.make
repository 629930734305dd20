# SPDX-License-Identifier: Apache-2.0
# Read by nginx's own configure when it writes its Makefile (config): the rule by which CMake builds the archive.

ccm_root=$(cd "$ccm_directory/.." && pwd)
ccm_sources=$(find "$ccm_root/CMakeLists.txt" "$ccm_root/scripts/cmake" "$ccm_root/common" "$ccm_root/nginx_module" \
    -name '*.cpp' -o -name '*.h' -o -name '*.inc' -o -name 'CMakeLists.txt' -o -name '*.cmake' | sort | tr '\n' ' ')
# configure may run in a folder that is not ours, with a relative folder for what is built.
case $NGX_OBJS in
    /*) ccm_objects=$NGX_OBJS ;;
    *) ccm_objects=$(pwd)/$NGX_OBJS ;;
esac

cat << END                                                    >> $NGX_MAKEFILE

$ccm_build/libraries:	$NGX_OBJS/ngx_auto_config.h $ccm_sources
	+cmake -S "$ccm_root" -B "$ccm_objects/addon/ccm" \\
		-DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=/usr -DCCM_CORE_BUILD="$CCM_CORE_BUILD" \\
		-DCCM_NGINX_SOURCE="$(pwd)" -DCCM_NGINX_OBJECTS="$ccm_objects"
	+cmake --build "$ccm_objects/addon/ccm" --target ngx_ccm
	cp "$ccm_objects/addon/ccm/libraries.txt" $ccm_build/libraries

$NGX_OBJS/ngx_ccm_module$ngx_modext:	$ccm_build/libraries

END
